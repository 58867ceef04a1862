#ifndef RESETCTL_AGENT_SERVICE_RUN_EXECUTOR_H_
#define RESETCTL_AGENT_SERVICE_RUN_EXECUTOR_H_

#include <atomic>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "agent/service/parts.h"
#include "agent/service/run_book.h"
#include "agent/service/run_material.h"
#include "agent/service/run_settler.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::agent {

using OfferAnswer = std::function<void(v1::OfferReply)>;

// Runs plans, one at a time: DESIGN §10. Everything but Cancel() and ActiveRun() belongs to one thread, the run thread, and
// blocks until the run has ended.
class RunExecutor {
 public:
  RunExecutor(const AgentParts& parts, RunBook& book, RunSettler& settler)
      : parts_(parts), book_(book), settler_(settler) {}

  // Verifies, claims, answers, then runs. An offer that comes twice is answered twice and run once.
  void Offer(const v1::RunOffer& offer, const OfferAnswer& answer);

  // Repeats what a committed run has left to do, on a person's signed word.
  void Resume(const v1::ResumeOffer& offer, const OfferAnswer& answer);

  // From any thread. Ends the run if it is still possible; the outcome is what the ledger says.
  void Cancel(absl::string_view run_id) ABSL_LOCKS_EXCLUDED(mutex_);
  // The run being worked on; empty when there is none.
  std::string ActiveRun() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Observer;
  class Active;
  enum class Phase { kIdle, kBefore, kReset, kAfter };

  absl::StatusOr<int64_t> Accept(const v1::RunOffer& offer, RunMaterial* material);
  void Execute(const RunMaterial& material, int64_t fence);
  absl::StatusOr<RunMaterial> PrepareResume(const v1::ResumeOffer& offer);
  absl::Status CheckCommitStands(const RunMaterial& material);
  bool AnswerAgain(const std::string& run_id, const OfferAnswer& answer);
  void Enter(Phase phase) ABSL_LOCKS_EXCLUDED(mutex_);

  const AgentParts& parts_;
  RunBook& book_;
  RunSettler& settler_;
  std::atomic<bool> cancelled_ = false;

  mutable base::Mutex mutex_;
  std::string active_ ABSL_GUARDED_BY(mutex_);
  std::string cancel_ahead_ ABSL_GUARDED_BY(mutex_);  // came before its run's turn
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kIdle;
};

// Not accepted, for `problem`.
v1::OfferReply Refusal(absl::string_view run_id, const v1::Problem& problem);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_RUN_EXECUTOR_H_

#ifndef RESETCTL_AGENT_APP_WORKBENCH_H_
#define RESETCTL_AGENT_APP_WORKBENCH_H_

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "agent/link/session.h"
#include "agent/service/parts.h"
#include "agent/service/plan_maker.h"
#include "agent/service/rebinder.h"
#include "agent/service/recovery.h"
#include "agent/service/run_book.h"
#include "agent/service/run_executor.h"
#include "agent/service/run_settler.h"
#include "agent/service/serial_worker.h"
#include "proto/base/mutex.h"

namespace resetctl::agent {

// How many orders of one kind wait for their thread: a controller that repeats itself without end fills no memory.
class Waiting {
 public:
  static constexpr int kMost = 8;

  // False when there are enough; else Leave() follows once this one is worked on.
  bool Enter() {
    if (count_.fetch_add(1) < kMost) return true;
    Leave();
    return false;
  }
  void Leave() { count_.fetch_sub(1); }

 private:
  std::atomic<int> count_{0};
};

// Brings the link's orders to the agent's two threads, one for plans and one for runs. Takes one run at a time, and none before
// the runs of the process before are settled.
class Workbench : public LinkWork {
 public:
  using Reply = std::function<void(v1::AttachRequest)>;
  Workbench(const AgentParts& parts, RunBook& book, absl::Duration ledger_retry,
            const std::string& state_dir);
  ~Workbench() override { Stop(); }

  // Begins with the open runs. `reply` is where answers go.
  void Start(Reply reply);
  // Takes nothing new from now on: whatever comes is answered with DRAINING.
  void Drain() ABSL_LOCKS_EXCLUDED(mutex_);
  // Drains, lets the run and the plan that are being worked on end, stops the threads.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  v1::AgentHello MakeHello() override ABSL_LOCKS_EXCLUDED(mutex_);
  // Beyond a few that wait, RATE_LIMITED; so with rebind and twin orders.
  void TakePlanOrder(v1::PlanOrder order) override;
  // An offer or resume of the run whose turn it is may come again a few times; then it is dropped: those before it are answered.
  void TakeOffer(v1::RunOffer offer) override ABSL_LOCKS_EXCLUDED(mutex_);
  void TakeResume(v1::ResumeOffer offer) override ABSL_LOCKS_EXCLUDED(mutex_);
  void TakeRebind(v1::RebindOrder order) override ABSL_LOCKS_EXCLUDED(mutex_);
  void TakeTwin(v1::TwinOrder order) override;
  void Cancel(const std::string& run_id) override { executor_.Cancel(run_id); }
  void AnswerExpected(const std::string& run_id) override ABSL_LOCKS_EXCLUDED(mutex_);
  std::string ActiveRun() override { return executor_.ActiveRun(); }
  bool Draining() override ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<v1::AttachRequest> TakeLogProof(const v1::LogProof* proof) override {
    return parts_.witness.Take(proof);
  }
  bool WantsNewStream() override { return parts_.witness.WantsNewStream(); }

 private:
  // Asks database and cache who they are, for the next hello. On the plan thread.
  void LookAround() ABSL_LOCKS_EXCLUDED(mutex_);
  // Whose turn it was before: nobody's, and now it is `run_id`'s; its own already; or another's, who is in the way.
  std::string TakeTurn(const std::string& run_id) ABSL_LOCKS_EXCLUDED(mutex_);
  // `work` on the thread of runs, then the end of the turn. `repeated`: the turn was the run's own already.
  void PostTurn(const std::string& run_id, bool repeated, std::function<void()> work);
  void EndTurn(const std::string& run_id) ABSL_LOCKS_EXCLUDED(mutex_);
  void Answer(v1::OfferReply reply);
  // Those that wait. On the thread of runs, while a run waits for the ledger too: a rebind may be what it waits for.
  void DoRebinds() ABSL_LOCKS_EXCLUDED(mutex_);

  const AgentParts& parts_;
  RunBook& book_;
  RunSettler settler_;
  RunExecutor executor_;
  Recovery recovery_;
  PlanMaker plan_maker_;
  Rebinder rebinder_;
  const std::string instance_;
  Reply reply_;  // set before the threads have work

  base::Mutex mutex_;
  std::string turn_ ABSL_GUARDED_BY(mutex_);  // the run that has been taken
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<v1::RebindOrder> rebinds_ ABSL_GUARDED_BY(mutex_);
  v1::DatabaseIdentity database_ ABSL_GUARDED_BY(mutex_);
  v1::CachePlan cache_ ABSL_GUARDED_BY(mutex_);
  std::string database_problem_ ABSL_GUARDED_BY(mutex_);

  Waiting waiting_plans_;
  Waiting waiting_twins_;
  Waiting waiting_rebinds_;
  Waiting waiting_repeats_;   // of the run whose turn it is
  Waiting waiting_expected_;  // runs that the controller asks about

  SerialWorker plans_;
  SerialWorker runs_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_APP_WORKBENCH_H_

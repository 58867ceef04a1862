#ifndef RESETCTL_AGENT_SERVICE_RUN_SETTLER_H_
#define RESETCTL_AGENT_SERVICE_RUN_SETTLER_H_

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/service/hook_steps.h"
#include "agent/service/parts.h"
#include "agent/service/run_book.h"
#include "agent/service/run_material.h"
#include "proto/base/mutex.h"

namespace resetctl::agent {

// Brings a run to its end once its transaction is over, or in doubt: for the process that ran it and for the one that finds it
// after a crash. Each path ends in exactly one report.
class RunSettler {
 public:
  // `retry` is how long it waits before it asks the ledger again.
  RunSettler(const AgentParts& parts, RunBook& book, absl::Duration retry)
      : parts_(parts), book_(book), hooks_(parts, book), retry_(retry) {}

  // Nothing was touched, and no before step was begun.
  void Refuse(absl::string_view run_id, const v1::Problem& problem);

  // The database is as it was: undo, close the claim, ROLLED_BACK (CANCELLED when that is the problem's reason).
  void EndUnchanged(const RunMaterial& material, v1::Problem problem);

  // It is committed: undo, cache, after steps; SUCCEEDED or NEEDS_ATTENTION. Repeats nothing that is journaled as done.
  void EndCommitted(const RunMaterial& material, v1::RunResult result);

  // Committed, but what is left to do cannot be done now.
  void NeedsAttention(absl::string_view run_id, const v1::RunResult& result, v1::Problem problem);

  // The database is as it was, but the run's material is lost, and with it any undo.
  void EndUnchangedWithoutMaterial(absl::string_view run_id, v1::Problem problem, bool undo_lost);

  // Asks the ledger once. `claimed_at`: the system identifier of the server where the journal says that the run was claimed; if
  // that one holds no claim, its history is another one. Nothing where the journal knows of no claim.
  LedgerReading AskLedger(absl::string_view run_id, const std::optional<std::string>& claimed_at);
  // Asks until the answer is certain; says UNKNOWN meanwhile. Without `claimed_at`, that the database holds no claim is an answer
  // too. Not certain otherwise only after Stop().
  LedgerReading AwaitLedger(absl::string_view run_id, const std::optional<std::string>& claimed_at);

  // Somebody whom the floor lets has bound the target to this server: what another one knew is asked of nobody any more.
  void Rebound(std::string server) { rebound_ = std::move(server); }
  // What AwaitLedger() does between two questions, on its thread: orders that decide what it waits for. Set before any waiting.
  void SetMeanwhile(std::function<void()> work) { meanwhile_ = std::move(work); }
  // From any thread: AwaitLedger() does that now, and asks again.
  void Wake() ABSL_LOCKS_EXCLUDED(mutex_);

  // A COMMIT that is known of, or may have been sent, is not in the database: undo, NEEDS_ATTENTION, and nothing more here until a
  // rebind, unless that has been (`bound_anew`). `material`: null where it is lost, and with it any undo (`undo_lost`: one is due).
  // What cannot be written down durably is not said either: the next process goes on.
  void EndLost(absl::string_view run_id, const RunMaterial* material, bool undo_lost,
               bool bound_anew, v1::RunResult result);

  // Claims of ended runs whose closing failed, once more.
  void CloseLeftClaims();

  // From any thread: ends the waiting. What is unknown is found out by the next process.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);
  bool stopped() const ABSL_LOCKS_EXCLUDED(mutex_);

  HookSteps& hooks() { return hooks_; }

 private:
  void CloseClaim(absl::string_view run_id, absl::string_view end);
  // The ones that the transaction left; repeated by a resume where it fails.
  absl::Status RemoveLargeObjects(absl::string_view run_id, v1::RunResult* result);
  void ReportEnd(absl::string_view run_id, v1::RunState state, const v1::Problem* problem,
                 const v1::RunResult* result);

  const AgentParts& parts_;
  RunBook& book_;
  HookSteps hooks_;
  const absl::Duration retry_;
  std::set<std::pair<std::string, std::string>> left_claims_;  // run, end; the run thread's own
  std::string rebound_;                                        // the run thread's own
  std::function<void()> meanwhile_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_RUN_SETTLER_H_

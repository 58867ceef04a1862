#ifndef RESETCTL_AGENT_SERVICE_HOOK_STEPS_H_
#define RESETCTL_AGENT_SERVICE_HOOK_STEPS_H_

#include <atomic>
#include <vector>

#include "absl/status/status.h"
#include "agent/service/parts.h"
#include "agent/service/run_book.h"
#include "agent/service/run_material.h"
#include "resetctl/v1/reason.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::agent {

// The steps of a run outside its transaction: before, undo, cache, after. Each is journaled as begun and as done, and what is
// done is not repeated, whichever process did it.
class HookSteps {
 public:
  HookSteps(const AgentParts& parts, RunBook& book) : parts_(parts), book_(book) {}

  // BEFORE_STEP_FAILED at the first required one that fails, CANCELLED when `cancelled` became true. What was begun is undone by
  // Undo(), not here.
  absl::Status RunBefore(const RunMaterial& material, const std::atomic<bool>& cancelled);

  // The undo of every before step that was begun, last first. A problem (UNDO_FAILED) for each that failed.
  std::vector<v1::Problem> Undo(const RunMaterial& material);

  // Cache, then the after steps; writes cache_* and after of `result`. Goes on after a failure: the steps do not build on each
  // other, and the fewer are left the better. A problem for each required one that failed; warnings go into `result`.
  std::vector<v1::Problem> RunAfter(const RunMaterial& material, v1::RunResult* result);

 private:
  // Runs one hook between its two journal records, and says so.
  v1::JournalHook RunOne(const RunMaterial& material, v1::JournalHook::Phase phase, int index,
                         const contract::HookSpec& hook, const contract::Action& action);
  absl::StatusOr<FlushResult> CheckIsPlanned(const v1::CachePlan& plan);
  void FlushCache(const RunMaterial& material, const RunFacts& facts, v1::RunResult* result,
                  std::vector<v1::Problem>* problems);
  absl::Status Journal(const RunMaterial& material, const v1::JournalHook& hook);

  const AgentParts& parts_;
  RunBook& book_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_HOOK_STEPS_H_

#ifndef RESETCTL_CONTROLLER_SERVICE_DESK_H_
#define RESETCTL_CONTROLLER_SERVICE_DESK_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "controller/domain/plan_rules.h"
#include "controller/service/agent_hub.h"
#include "controller/service/audit_entries.h"
#include "controller/service/policy_holder.h"
#include "controller/service/requester.h"
#include "controller/service/scheduler.h"
#include "controller/service/store.h"
#include "controller/service/target_guard.h"
#include "controller/service/watch_hub.h"
#include "proto/base/clock.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/run.pb.h"
#include "resetctl/v1/target.pb.h"

namespace resetctl::controller {

// What the services of plans, approvals and runs share. Owned by the composition root, outlives them all.
struct Desk {
  const base::Clock& clock;
  const PolicyHolder& policy;
  PlanStore& plans;
  RunStore& runs;
  AgentStore& agent_records;
  FreezeStore& freezes;
  RequestStore& requests;
  Committer& committer;
  AgentHub& agents;
  Scheduler& scheduler;
  WatchHub& watchers;
  TargetGuard& guard;

  // Held over "read, decide, commit, tell": one decision about plans and runs at a time. Agents are sent to and watchers
  // woken under it, which never blocks; ssh-keygen never runs under it.
  base::Mutex deciding;
};

// The plan, after an expiry that was due has been written down. Takes no lock: call with or without `deciding`.
absl::StatusOr<PlanRecord> ReadPlan(Desk& desk, absl::string_view id_or_prefix);

// As `who` may see it: PERMISSION_DENIED without the environment's read role.
absl::Status CheckRead(const Desk& desk, const Requester& who, absl::string_view environment);
// The environments that `who` may read, sorted.
std::vector<std::string> ReadableEnvironments(const Desk& desk, const Requester& who);
// What a list shows: the one environment that is asked for, as CheckRead allows it, or, where `wanted` is empty, all that
// `who` may read. None: the list is empty (in a store's filter, no environment means every one).
absl::StatusOr<std::vector<std::string>> EnvironmentsToList(const Desk& desk, const Requester& who,
                                                            const std::string& wanted);

// What decides about the plan beside policy and approvals, as it is now.
absl::StatusOr<Circumstances> ReadCircumstances(Desk& desk, const PlanRecord& plan);

// IDENTITY_CONFLICT: what AgentHub::Presence::TakesTurns() means, and what to do.
absl::Status TwoAgents(absl::string_view environment, absl::string_view target);

// What is wrong with the audit log for the target's agent (LOG_ROLLED_BACK, LOG_FORKED, BAD_SIGNATURE): it plans and runs nothing
// then, and says so itself. No such agent: OK.
absl::Status CheckWitness(const Desk& desk, absl::string_view environment,
                          absl::string_view target);
// The alarm as the wire shows it; nothing when there is none.
std::optional<v1::Problem> AlarmOf(const AgentRecord& agent);

// AGENT_OFFLINE, with what to do.
absl::Status AgentOffline(absl::string_view environment, absl::string_view target);

// Whether it takes orders: AGENT_OFFLINE, or DRAINING when it has said that it is about to stop.
absl::Status CheckAgent(const Desk& desk, const AgentHub::Key& agent);

// The plan as the wire shows it, with everything that stands between it and a run now. `whole`: with document, MAC and
// statements.
absl::StatusOr<v1::Plan> ShowPlan(Desk& desk, const PlanRecord& plan, bool whole);
v1::Run ShowRun(const Desk& desk, const RunRecord& run);
v1::Target ShowTarget(const Desk& desk, const AgentRecord& record);

// By id or unique prefix, as `who` may see it.
absl::StatusOr<RunRecord> FindRun(const Desk& desk, const Requester& who,
                                  absl::string_view id_or_prefix);
// The target's run that is active now (IsActive), if any.
absl::StatusOr<std::optional<RunRecord>> ActiveRun(Desk& desk, const std::string& environment,
                                                   const std::string& target);

// What a request with this id was answered by: nothing the first time; INVALID_ARGUMENT when the id was used for another
// request.
absl::StatusOr<std::optional<RequestRecord>> FindAnswer(Desk& desk, const Requester& who,
                                                        absl::string_view method,
                                                        const std::string& request_id,
                                                        const std::string& fingerprint);
InsertRequest AnswerOf(const Requester& who, absl::string_view method,
                       const std::string& request_id, const std::string& fingerprint,
                       const std::string& subject, absl::Time now);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_DESK_H_

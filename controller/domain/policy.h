#ifndef RESETCTL_CONTROLLER_DOMAIN_POLICY_H_
#define RESETCTL_CONTROLLER_DOMAIN_POLICY_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "controller/domain/decision.h"
#include "controller/domain/records.h"
#include "proto/contract/approval_rules.h"
#include "proto/contract/environment_rules.h"
#include "proto/contract/policy.h"

namespace resetctl::controller {

using contract::Person;
using contract::Policy;

// Who asks: the person and the key that signed (of the statement, or of the session).
struct Caller {
  std::string person;
  std::string key_fingerprint;
};

// ---- roles
// ---------------------------------------------------------------------------------------------------------

Decision MayRead(const Policy& policy, absl::string_view environment, const Caller& caller);
Decision MayPlan(const Policy& policy, absl::string_view environment, const Caller& caller);
// Run, cancel and resume share a role.
Decision MayCancel(const Policy& policy, absl::string_view environment, const Caller& caller);
Decision MayAdmin(const Policy& policy, const Caller& caller);

// ---- decisions about one plan
// --------------------------------------------------------------------------------------

// May this person's approval be taken now: a known person with that key, no robot, allowed by the
// rules that the plan carries, no approval of theirs standing, plan waiting or approved and not
// expired.
Decision MayApprove(const Policy& policy, const PlanRecord& plan,
                    const std::vector<ApprovalRecord>& approvals, absl::Time now,
                    const Caller& caller);
// Takes an own standing approval back; until the run starts.
Decision MayUnapprove(const Policy& policy, const PlanRecord& plan,
                      const std::vector<ApprovalRecord>& approvals, absl::Time now,
                      const Caller& caller);
// Whoever might approve it (or its author) may reject it; a robot may not.
Decision MayReject(const Policy& policy, const PlanRecord& plan, absl::Time now,
                   const Caller& caller);
// The author, or an admin.
Decision MayWithdraw(const Policy& policy, const PlanRecord& plan, const Caller& caller);

// One stored decision, and whether it counts now.
struct ApprovalStanding {
  const ApprovalRecord* approval = nullptr;  // into the caller's vector
  bool counts = false;
  std::string why_not;  // 'taken back', 'expired', ...; empty when it counts
};

// In the order of `approvals`. One counts when its decision is `approve`, the same person did not
// take it back or approve again later, its ttl is not over, its start-before is still to come, it
// was given for the same policy and floor, and the person is still known with that key and is no
// robot.
std::vector<ApprovalStanding> StandingOf(const Policy& policy, const PlanRecord& plan,
                                         const std::vector<ApprovalRecord>& approvals,
                                         absl::Time now);

// Quorum of the standing approvals under the rules that the plan carries.
contract::QuorumAnswer QuorumOf(const Policy& policy, const PlanRecord& plan,
                                const std::vector<ApprovalRecord>& approvals, absl::Time now);

// The persons whose approval would count now, sorted.
std::vector<std::string> WhoMayApprove(const Policy& policy, const PlanRecord& plan,
                                       const std::vector<ApprovalRecord>& approvals,
                                       absl::Time now);

// PENDING_APPROVAL or APPROVED, by the quorum now. For a plan in one of these two states.
v1::PlanState StateByQuorum(const Policy& policy, const PlanRecord& plan,
                            const std::vector<ApprovalRecord>& approvals, absl::Time now);

// The rules that the plan carries. An unreadable one (a newer version's) refuses everything.
absl::StatusOr<contract::EnvironmentRules> RulesOf(const PlanRecord& plan);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_POLICY_H_

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
#include "controller/domain/records.h"
#include "proto/contract/allowed_signers.h"
#include "proto/contract/approval_rules.h"
#include "proto/contract/environment_rules.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::controller {

struct Person {
  std::string name;
  std::vector<contract::PublicKey> keys;
  std::set<std::string> groups;
  bool robot = false;  // never counts as an approver
};

// The controller's policy (DESIGN §8), read from policy.yaml by policy_file.h. A value: evaluation
// is pure, time is a parameter.
struct Policy {
  std::map<std::string, Person> people;
  contract::Groups groups;  // with 'everyone': every person
  std::map<std::string, contract::EnvironmentRules> environments;
  std::vector<std::string> admin_groups;
  contract::AllowedSigners signers;  // the same people, for contract::VerifyStatement
  std::string yaml;                  // as loaded
  std::string digest;                // sha256:hex of `yaml`

  const Person* FindPerson(absl::string_view name) const;  // null: unknown
  const contract::EnvironmentRules* FindEnvironment(absl::string_view name) const;
  bool PersonHasKey(absl::string_view person, absl::string_view fingerprint) const;
};

// What stands in the way, and what would lift it.
struct Objection {
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  std::string message;  // one sentence: what is wrong
  std::string advice;   // one sentence: what would lift it
};

// Every objection, not the first; allowed exactly when there is none.
struct Decision {
  std::vector<Objection> objections;

  bool allowed() const { return objections.empty(); }
  // OK, or the first objection as contract::Error; its advice names how many more there are.
  absl::Status ToStatus() const;
};

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

// All that stands between this plan and a run ordered by `caller` now: role, plan state, expiry,
// approvals, freeze. The rules are those that the plan carries; people, keys and freezes are taken
// live. The phrase is CheckPhrase's. `frozen` is null when the environment is not.
Decision EvaluateRun(const Policy& policy, const PlanRecord& plan,
                     const std::vector<ApprovalRecord>& approvals, const FreezeRecord* frozen,
                     absl::Time now, const Caller& caller);

// The same without a caller's role: what everybody sees under a plan ("what would stop it").
Decision EvaluatePlan(const Policy& policy, const PlanRecord& plan,
                      const std::vector<ApprovalRecord>& approvals, const FreezeRecord* frozen,
                      absl::Time now);

// PLAN_EXPIRED, before anything about a statement: statements never outlive their plan, and a new one would not help.
Decision CheckExpiry(const PlanRecord& plan, absl::Time now);

// What the runner must type: the rules' phrase, a space, the target's name. Empty when the rules
// have none.
std::string PhraseFor(const contract::EnvironmentRules& rules, absl::string_view target);
// REASON_WRONG_PHRASE unless `typed` is exactly that.
Decision CheckPhrase(const PlanRecord& plan, absl::string_view typed);

// The rules that the plan carries. An unreadable one (a newer version's) refuses everything.
absl::StatusOr<contract::EnvironmentRules> RulesOf(const PlanRecord& plan);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_POLICY_H_

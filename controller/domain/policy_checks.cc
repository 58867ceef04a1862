#include "controller/domain/policy_checks.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/domain/plan_state.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {

bool CheckPerson(const Policy& policy, const Caller& caller, Decision* decision) {
  if (policy.FindPerson(caller.person) == nullptr) {
    decision->Object(v1::REASON_UNKNOWN_PERSON,
                     absl::StrCat("The policy knows nobody called '", caller.person, "'."),
                     "Have the person added to the policy's people.");
    return false;
  }
  if (!policy.PersonHasKey(caller.person, caller.key_fingerprint)) {
    decision->Object(
        v1::REASON_UNKNOWN_KEY,
        absl::StrCat("The key ", caller.key_fingerprint, " is none of ", caller.person, "'s."),
        "Use a key that the policy lists for this person, or have this one added.");
    return false;
  }
  return true;
}

void CheckRole(const Policy& policy, const std::vector<std::string>& groups, absl::string_view verb,
               absl::string_view environment, const Caller& caller, Decision* decision) {
  if (contract::InAnyGroup(policy.groups, groups, caller.person)) return;
  const std::string names = groups.empty() ? "nobody" : absl::StrJoin(groups, ", ");
  decision->Object(v1::REASON_ROLE_MISSING,
                   absl::StrCat(caller.person, " may not ", verb, " in ", environment,
                                ": that takes ", names, "."),
                   groups.empty() ? "Have a group named for it in the policy."
                                  : absl::StrCat("Ask somebody of ", names, "."));
}

const contract::EnvironmentRules* CheckEnvironment(const Policy& policy,
                                                   absl::string_view environment,
                                                   Decision* decision) {
  const contract::EnvironmentRules* rules = policy.FindEnvironment(environment);
  if (rules == nullptr) {
    std::vector<std::string> names;
    for (const auto& [name, unused] : policy.environments) names.push_back(name);
    decision->Object(v1::REASON_NOT_FOUND,
                     absl::StrCat("The policy has no environment '", environment, "'."),
                     absl::StrCat("Environments are: ", absl::StrJoin(names, ", "), "."));
  }
  return rules;
}

void CheckNotExpired(const PlanRecord& plan, absl::Time now, Decision* decision) {
  if (plan.expire_time > now && plan.state != v1::PLAN_STATE_EXPIRED) return;
  decision->Object(
      v1::REASON_PLAN_EXPIRED,
      absl::StrCat("The plan expired at ",
                   absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", plan.expire_time, absl::UTCTimeZone()),
                   "."),
      "Make a new plan.");
}

bool CheckOpen(const PlanRecord& plan, Decision* decision) {
  if (plan.state == v1::PLAN_STATE_PENDING_APPROVAL || plan.state == v1::PLAN_STATE_APPROVED) {
    return true;
  }
  if (plan.state == v1::PLAN_STATE_EXPIRED) {
    CheckNotExpired(plan, absl::InfinitePast(), decision);
  } else if (plan.state == v1::PLAN_STATE_RUNNING) {
    decision->Object(
        v1::REASON_WRONG_STATE,
        absl::StrCat("The plan is running already, as ", contract::ShortId(plan.last_run_id), "."),
        absl::StrCat("Watch that run: resetctl watch ", contract::ShortId(plan.last_run_id), "."));
  } else {
    decision->Object(v1::REASON_WRONG_STATE,
                     absl::StrCat("The plan is ", NameOf(plan.state),
                                  plan.state_reason.empty() ? "" : ": ", plan.state_reason, "."),
                     "Make a new plan.");
  }
  return false;
}

absl::StatusOr<contract::EnvironmentRules> RulesOrObjection(const PlanRecord& plan,
                                                            Decision* decision) {
  absl::StatusOr<contract::EnvironmentRules> rules = RulesOf(plan);
  if (!rules.ok()) {
    const v1::Problem problem = contract::ProblemOf(rules.status());
    decision->Object(problem.reason(), problem.message(), problem.advice());
  }
  return rules;
}

}  // namespace resetctl::controller

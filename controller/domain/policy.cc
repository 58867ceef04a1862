#include "controller/domain/policy.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/domain/plan_state.h"
#include "controller/domain/policy_checks.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

Decision MayDo(const Policy& policy, absl::string_view environment, const Caller& caller,
               absl::string_view verb,
               const std::vector<std::string> contract::EnvironmentRules::*groups) {
  Decision decision;
  const contract::EnvironmentRules* rules = CheckEnvironment(policy, environment, &decision);
  if (CheckPerson(policy, caller, &decision) && rules != nullptr) {
    CheckRole(policy, rules->*groups, verb, environment, caller, &decision);
  }
  return decision;
}

bool HasStanding(const std::vector<ApprovalStanding>& standings, absl::string_view person) {
  for (const ApprovalStanding& standing : standings) {
    if (standing.counts && standing.approval->person == person) return true;
  }
  return false;
}

std::string WhyNot(const Policy& policy, const PlanRecord& plan,
                   const contract::EnvironmentRules& rules,
                   const std::vector<ApprovalRecord>& approvals, size_t index, absl::Time now) {
  const ApprovalRecord& approval = approvals[index];
  if (approval.decision != "approve") return absl::StrCat("is '", approval.decision, "'");
  for (size_t later = index + 1; later < approvals.size(); ++later) {
    if (approvals[later].person != approval.person) continue;
    return approvals[later].decision == "approve" ? "given again later" : "taken back";
  }
  if (approval.time + rules.approvals.ttl <= now) return "too old";
  if (approval.start_before <= now) return "its time to start is over";
  if (approval.policy_digest != plan.policy_digest) return "given for another policy";
  if (approval.floor_digest != plan.floor_digest) return "given for another floor";
  const Person* person = policy.FindPerson(approval.person);
  if (person == nullptr) return "the person is no longer known";
  if (person->robot) return "a robot";
  if (!policy.PersonHasKey(approval.person, approval.key_fingerprint)) {
    return "the key is no longer the person's";
  }
  return "";
}

}  // namespace

Decision MayRead(const Policy& policy, absl::string_view environment, const Caller& caller) {
  return MayDo(policy, environment, caller, "read", &contract::EnvironmentRules::read);
}

Decision MayPlan(const Policy& policy, absl::string_view environment, const Caller& caller) {
  return MayDo(policy, environment, caller, "plan", &contract::EnvironmentRules::plan);
}

Decision MayCancel(const Policy& policy, absl::string_view environment, const Caller& caller) {
  return MayDo(policy, environment, caller, "run or cancel", &contract::EnvironmentRules::run);
}

Decision MayAdmin(const Policy& policy, const Caller& caller) {
  Decision decision;
  if (CheckPerson(policy, caller, &decision) &&
      !contract::InAnyGroup(policy.groups, policy.admin_groups, caller.person)) {
    const std::string names = absl::StrJoin(policy.admin_groups, ", ");
    decision.Object(v1::REASON_ROLE_MISSING,
                    absl::StrCat(caller.person, " is no admin: that takes ",
                                 names.empty() ? "nobody" : names, "."),
                    names.empty() ? "Name a group under `admin` in the policy."
                                  : absl::StrCat("Ask somebody of ", names, "."));
  }
  return decision;
}

std::vector<ApprovalStanding> StandingOf(const Policy& policy, const PlanRecord& plan,
                                         const std::vector<ApprovalRecord>& approvals,
                                         absl::Time now) {
  std::vector<ApprovalStanding> standings;
  const absl::StatusOr<contract::EnvironmentRules> rules = RulesOf(plan);
  for (size_t i = 0; i < approvals.size(); ++i) {
    std::string why_not = rules.ok() ? WhyNot(policy, plan, *rules, approvals, i, now)
                                     : std::string("the plan's rules cannot be read");
    standings.push_back({&approvals[i], why_not.empty(), std::move(why_not)});
  }
  return standings;
}

contract::QuorumAnswer QuorumOf(const Policy& policy, const PlanRecord& plan,
                                const std::vector<ApprovalRecord>& approvals, absl::Time now) {
  const absl::StatusOr<contract::EnvironmentRules> rules = RulesOf(plan);
  if (!rules.ok()) {
    contract::QuorumAnswer answer;
    answer.missing = contract::ProblemOf(rules.status()).message();
    return answer;
  }
  std::vector<contract::Approver> approvers;
  for (const ApprovalStanding& standing : StandingOf(policy, plan, approvals, now)) {
    if (!standing.counts) continue;
    approvers.push_back({standing.approval->person, standing.approval->key_fingerprint,
                         /*robot=*/false, standing.approval->time});
  }
  return contract::EvaluateQuorum(rules->approvals, policy.groups, plan.author, approvers, now);
}

std::vector<std::string> WhoMayApprove(const Policy& policy, const PlanRecord& plan,
                                       const std::vector<ApprovalRecord>& approvals,
                                       absl::Time now) {
  std::vector<std::string> names;
  const absl::StatusOr<contract::EnvironmentRules> rules = RulesOf(plan);
  if (!rules.ok()) return names;
  for (const auto& [name, person] : policy.people) {
    if (person.keys.empty()) continue;
    if (contract::MayApprove(rules->approvals, policy.groups, plan.author, name, person.robot) &&
        MayApprove(policy, plan, approvals, now, {name, person.keys.front().fingerprint})
            .allowed()) {
      names.push_back(name);
    }
  }
  return names;
}

v1::PlanState StateByQuorum(const Policy& policy, const PlanRecord& plan,
                            const std::vector<ApprovalRecord>& approvals, absl::Time now) {
  return QuorumOf(policy, plan, approvals, now).satisfied ? v1::PLAN_STATE_APPROVED
                                                          : v1::PLAN_STATE_PENDING_APPROVAL;
}

Decision MayApprove(const Policy& policy, const PlanRecord& plan,
                    const std::vector<ApprovalRecord>& approvals, absl::Time now,
                    const Caller& caller) {
  Decision decision;
  const absl::StatusOr<contract::EnvironmentRules> rules = RulesOrObjection(plan, &decision);
  if (CheckOpen(plan, &decision)) CheckNotExpired(plan, now, &decision);
  CheckEnvironment(policy, plan.environment, &decision);
  if (!CheckPerson(policy, caller, &decision) || !rules.ok()) return decision;

  const contract::ApprovalRule& rule = rules->approvals;
  if (policy.FindPerson(caller.person)->robot) {
    decision.Object(
        v1::REASON_ROBOT_CANNOT_APPROVE,
        absl::StrCat(caller.person, " is a robot, and robots never count as approvers."),
        "Ask a person to approve.");
  } else if (caller.person == plan.author && !rule.self) {
    decision.Object(v1::REASON_SELF_APPROVAL,
                    absl::StrCat(caller.person, " is the author of this plan, and ",
                                 plan.environment, " does not let authors approve their own."),
                    "Ask somebody else to approve.");
  } else if (!contract::MayApprove(rule, policy.groups, plan.author, caller.person, false) &&
             !(rules->break_glass &&
               contract::InAnyGroup(policy.groups, rules->break_glass->groups, caller.person))) {
    const std::string names = absl::StrJoin(rule.groups, ", ");
    decision.Object(v1::REASON_NOT_AN_APPROVER,
                    absl::StrCat(caller.person, " is in none of the groups that approve in ",
                                 plan.environment, " (", names, ")."),
                    absl::StrCat("Ask somebody of ", names, "."));
  }
  if (HasStanding(StandingOf(policy, plan, approvals, now), caller.person)) {
    decision.Object(v1::REASON_ALREADY_APPROVED,
                    absl::StrCat(caller.person, " has approved this plan already."),
                    "Nothing is left for you to do: each person counts once.");
  }
  return decision;
}

Decision MayUnapprove(const Policy& policy, const PlanRecord& plan,
                      const std::vector<ApprovalRecord>& approvals, absl::Time now,
                      const Caller& caller) {
  Decision decision;
  CheckOpen(plan, &decision);
  if (!CheckPerson(policy, caller, &decision)) return decision;
  if (!HasStanding(StandingOf(policy, plan, approvals, now), caller.person)) {
    decision.Object(v1::REASON_NOT_FOUND,
                    absl::StrCat(caller.person, " has no approval of this plan to take back."),
                    "Look at its approvals: resetctl show.");
  }
  return decision;
}

Decision MayReject(const Policy& policy, const PlanRecord& plan, absl::Time now,
                   const Caller& caller) {
  Decision decision;
  const absl::StatusOr<contract::EnvironmentRules> rules = RulesOrObjection(plan, &decision);
  if (CheckOpen(plan, &decision)) CheckNotExpired(plan, now, &decision);
  if (!CheckPerson(policy, caller, &decision) || !rules.ok()) return decision;
  if (policy.FindPerson(caller.person)->robot) {
    decision.Object(v1::REASON_ROBOT_CANNOT_APPROVE,
                    absl::StrCat(caller.person, " is a robot, and robots decide about no plan."),
                    "Ask a person.");
  } else if (caller.person != plan.author && !rules->approvals.groups.empty() &&
             !contract::InAnyGroup(policy.groups, rules->approvals.groups, caller.person)) {
    const std::string names = absl::StrJoin(rules->approvals.groups, ", ");
    decision.Object(v1::REASON_NOT_AN_APPROVER,
                    absl::StrCat(caller.person, " is in none of the groups that decide in ",
                                 plan.environment, " (", names, ")."),
                    absl::StrCat("Ask somebody of ", names, "."));
  }
  return decision;
}

Decision MayWithdraw(const Policy& policy, const PlanRecord& plan, const Caller& caller) {
  Decision decision;
  CheckOpen(plan, &decision);
  if (!CheckPerson(policy, caller, &decision)) return decision;
  if (caller.person != plan.author && !MayAdmin(policy, caller).allowed()) {
    decision.Object(
        v1::REASON_ROLE_MISSING,
        absl::StrCat("Only its author ", plan.author, " or an admin may withdraw this plan."),
        "Reject it instead: resetctl reject.");
  }
  return decision;
}

absl::StatusOr<contract::EnvironmentRules> RulesOf(const PlanRecord& plan) {
  return contract::ParseCanonicalJson(plan.rules);
}

}  // namespace resetctl::controller

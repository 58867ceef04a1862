#include "controller/domain/policy.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/domain/plan_state.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

void Object(Decision* decision, v1::Reason reason, std::string message, std::string advice) {
  decision->objections.push_back({reason, std::move(message), std::move(advice)});
}

// Known, and with this key. False after an objection.
bool CheckPerson(const Policy& policy, const Caller& caller, Decision* decision) {
  if (policy.FindPerson(caller.person) == nullptr) {
    Object(decision, v1::REASON_UNKNOWN_PERSON,
           absl::StrCat("The policy knows nobody called '", caller.person, "'."),
           "Have the person added to the policy's people.");
    return false;
  }
  if (!policy.PersonHasKey(caller.person, caller.key_fingerprint)) {
    Object(decision, v1::REASON_UNKNOWN_KEY,
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
  Object(decision, v1::REASON_ROLE_MISSING,
         absl::StrCat(caller.person, " may not ", verb, " in ", environment, ": that takes ", names,
                      "."),
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
    Object(decision, v1::REASON_NOT_FOUND,
           absl::StrCat("The policy has no environment '", environment, "'."),
           absl::StrCat("Environments are: ", absl::StrJoin(names, ", "), "."));
  }
  return rules;
}

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

void CheckNotExpired(const PlanRecord& plan, absl::Time now, Decision* decision) {
  if (plan.expire_time > now && plan.state != v1::PLAN_STATE_EXPIRED) return;
  Object(decision, v1::REASON_PLAN_EXPIRED,
         absl::StrCat(
             "The plan expired at ",
             absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", plan.expire_time, absl::UTCTimeZone()), "."),
         "Make a new plan.");
}

// PENDING_APPROVAL or APPROVED. False after an objection.
bool CheckOpen(const PlanRecord& plan, Decision* decision) {
  if (plan.state == v1::PLAN_STATE_PENDING_APPROVAL || plan.state == v1::PLAN_STATE_APPROVED) {
    return true;
  }
  if (plan.state == v1::PLAN_STATE_EXPIRED) {
    CheckNotExpired(plan, absl::InfinitePast(), decision);
  } else if (plan.state == v1::PLAN_STATE_RUNNING) {
    Object(
        decision, v1::REASON_WRONG_STATE,
        absl::StrCat("The plan is running already, as ", contract::ShortId(plan.last_run_id), "."),
        absl::StrCat("Watch that run: resetctl watch ", contract::ShortId(plan.last_run_id), "."));
  } else {
    Object(decision, v1::REASON_WRONG_STATE,
           absl::StrCat("The plan is ", NameOf(plan.state), plan.state_reason.empty() ? "" : ": ",
                        plan.state_reason, "."),
           "Make a new plan.");
  }
  return false;
}

// The rules, or an objection.
absl::StatusOr<contract::EnvironmentRules> RulesOrObjection(const PlanRecord& plan,
                                                            Decision* decision) {
  absl::StatusOr<contract::EnvironmentRules> rules = RulesOf(plan);
  if (!rules.ok()) {
    const v1::Problem problem = contract::ProblemOf(rules.status());
    Object(decision, problem.reason(), problem.message(), problem.advice());
  }
  return rules;
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

const Person* Policy::FindPerson(absl::string_view name) const {
  const auto found = people.find(base::Str(name));
  return found == people.end() ? nullptr : &found->second;
}

const contract::EnvironmentRules* Policy::FindEnvironment(absl::string_view name) const {
  const auto found = environments.find(base::Str(name));
  return found == environments.end() ? nullptr : &found->second;
}

bool Policy::PersonHasKey(absl::string_view person, absl::string_view fingerprint) const {
  const Person* known = FindPerson(person);
  if (known == nullptr) return false;
  for (const contract::PublicKey& key : known->keys) {
    if (key.fingerprint == fingerprint) return true;
  }
  return false;
}

absl::Status Decision::ToStatus() const {
  if (allowed()) return absl::OkStatus();
  const Objection& first = objections.front();
  std::string advice = first.advice;
  for (size_t i = 1; i < objections.size(); ++i) {
    absl::StrAppend(&advice, advice.empty() ? "" : " ", i == 1 ? "Also: " : "",
                    objections[i].message);
  }
  return contract::Error(first.reason, first.message, advice);
}

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
    Object(&decision, v1::REASON_ROLE_MISSING,
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
  for (const auto& [name, person] : policy.people) {
    if (person.keys.empty()) continue;
    if (MayApprove(policy, plan, approvals, now, {name, person.keys.front().fingerprint})
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
    Object(&decision, v1::REASON_ROBOT_CANNOT_APPROVE,
           absl::StrCat(caller.person, " is a robot, and robots never count as approvers."),
           "Ask a person to approve.");
  } else if (caller.person == plan.author && !rule.self) {
    Object(&decision, v1::REASON_SELF_APPROVAL,
           absl::StrCat(caller.person, " is the author of this plan, and ", plan.environment,
                        " does not let authors approve their own."),
           "Ask somebody else to approve.");
  } else if (!contract::MayApprove(rule, policy.groups, plan.author, caller.person, false)) {
    const std::string names = absl::StrJoin(rule.groups, ", ");
    Object(&decision, v1::REASON_NOT_AN_APPROVER,
           absl::StrCat(caller.person, " is in none of the groups that approve in ",
                        plan.environment, " (", names, ")."),
           absl::StrCat("Ask somebody of ", names, "."));
  }
  if (HasStanding(StandingOf(policy, plan, approvals, now), caller.person)) {
    Object(&decision, v1::REASON_ALREADY_APPROVED,
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
    Object(&decision, v1::REASON_NOT_FOUND,
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
    Object(&decision, v1::REASON_ROBOT_CANNOT_APPROVE,
           absl::StrCat(caller.person, " is a robot, and robots decide about no plan."),
           "Ask a person.");
  } else if (caller.person != plan.author && !rules->approvals.groups.empty() &&
             !contract::InAnyGroup(policy.groups, rules->approvals.groups, caller.person)) {
    const std::string names = absl::StrJoin(rules->approvals.groups, ", ");
    Object(&decision, v1::REASON_NOT_AN_APPROVER,
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
    Object(&decision, v1::REASON_ROLE_MISSING,
           absl::StrCat("Only its author ", plan.author, " or an admin may withdraw this plan."),
           "Reject it instead: resetctl reject.");
  }
  return decision;
}

Decision EvaluatePlan(const Policy& policy, const PlanRecord& plan,
                      const std::vector<ApprovalRecord>& approvals, const FreezeRecord* frozen,
                      absl::Time now) {
  Decision decision;
  // What has ended has one objection: no approval would help it.
  if (!CheckOpen(plan, &decision)) return decision;
  CheckNotExpired(plan, now, &decision);
  CheckEnvironment(policy, plan.environment, &decision);
  if (!RulesOrObjection(plan, &decision).ok()) return decision;

  const contract::QuorumAnswer quorum = QuorumOf(policy, plan, approvals, now);
  if (!quorum.satisfied) {
    const std::vector<std::string> who = WhoMayApprove(policy, plan, approvals, now);
    Object(&decision, v1::REASON_APPROVALS_MISSING,
           absl::StrCat("Approvals are missing: ", quorum.missing, "."),
           who.empty() ? "Nobody who may approve is left: make a new plan, or change the policy."
                       : absl::StrCat("Ask ", absl::StrJoin(who, " or "), ": resetctl approve ",
                                      contract::ShortId(plan.id), "."));
  }
  if (frozen != nullptr) {
    Object(&decision, v1::REASON_FROZEN,
           absl::StrCat(plan.environment, " is frozen by ", frozen->person,
                        frozen->reason.empty() ? "" : ": ", frozen->reason, "."),
           absl::StrCat("Wait, or ask an admin: resetctl unfreeze ", plan.environment, "."));
  }
  return decision;
}

Decision EvaluateRun(const Policy& policy, const PlanRecord& plan,
                     const std::vector<ApprovalRecord>& approvals, const FreezeRecord* frozen,
                     absl::Time now, const Caller& caller) {
  Decision decision;
  const absl::StatusOr<contract::EnvironmentRules> rules = RulesOf(plan);
  if (CheckPerson(policy, caller, &decision) && rules.ok()) {
    CheckRole(policy, rules->run, "run", plan.environment, caller, &decision);
  }
  Decision of_plan = EvaluatePlan(policy, plan, approvals, frozen, now);
  for (Objection& objection : of_plan.objections) {
    decision.objections.push_back(std::move(objection));
  }
  return decision;
}

Decision CheckExpiry(const PlanRecord& plan, absl::Time now) {
  Decision decision;
  CheckNotExpired(plan, now, &decision);
  return decision;
}

std::string PhraseFor(const contract::EnvironmentRules& rules, absl::string_view target) {
  return rules.confirm.empty() ? "" : absl::StrCat(rules.confirm, " ", target);
}

Decision CheckPhrase(const PlanRecord& plan, absl::string_view typed) {
  Decision decision;
  const absl::StatusOr<contract::EnvironmentRules> rules = RulesOrObjection(plan, &decision);
  if (!rules.ok()) return decision;
  const std::string wanted = PhraseFor(*rules, plan.target);
  if (!wanted.empty() && wanted != typed) {
    Object(&decision, v1::REASON_WRONG_PHRASE,
           absl::StrCat(typed.empty() ? "No phrase was typed" : "The typed phrase is not the one",
                        " that ", plan.environment, " asks for."),
           absl::StrCat("Type exactly: ", wanted));
  }
  return decision;
}

absl::StatusOr<contract::EnvironmentRules> RulesOf(const PlanRecord& plan) {
  return contract::ParseCanonicalJson(plan.rules);
}

}  // namespace resetctl::controller

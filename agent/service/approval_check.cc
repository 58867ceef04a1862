#include "agent/service/approval_check.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/approval_rules.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_signature.h"
#include "proto/contract/statement.h"

namespace resetctl::agent {
namespace {

using contract::Error;
using contract::Statement;
using contract::StatementType;
using contract::VerifiedStatement;

// What the approvals must come to.
struct Quorum {
  contract::ApprovalRule rule;  // the floor's
  int by_plan = 0;              // how many the plan's own rules ask for
};

absl::StatusOr<Quorum> QuorumFor(const VerifiedOffer& verified, const Trust& trust) {
  if (verified.break_glass.empty()) {
    return Quorum{trust.floor.approvals, verified.rules.approvals.required};
  }
  if (!trust.floor.break_glass) {
    return Error(v1::REASON_FLOOR_REFUSES, "the agent's floor lets nobody break the glass",
                 "Get the approvals, or have the floor's owner add break_glass.");
  }
  if (!verified.rules.break_glass) {
    return Error(v1::REASON_NOT_BREAK_GLASS, "the plan's own rules let nobody break the glass",
                 "Get the approvals, or make a plan under a policy with break_glass.");
  }
  Quorum quorum;
  quorum.rule.required = trust.floor.break_glass->approvals;
  quorum.rule.groups = trust.floor.break_glass->groups;
  quorum.by_plan = verified.rules.break_glass->approvals;
  return quorum;
}

// What stands between the approvals and the quorum.
struct Voices {
  std::vector<contract::Approver> counted;
  absl::Status first_ignored = absl::OkStatus();

  void Ignore(absl::Status why) {
    if (first_ignored.ok()) first_ignored = std::move(why);
  }
};

bool MayBeIgnored(v1::Reason reason) {
  return reason == v1::REASON_UNKNOWN_KEY || reason == v1::REASON_UNKNOWN_PERSON;
}

absl::StatusOr<Voices> HearApprovals(const v1::RunOffer& offer, const VerifiedOffer& verified,
                                     const contract::ApprovalRule& rule,
                                     const AgentIdentity& identity, const Trust& trust,
                                     absl::Time now, Nonces* nonces) {
  Voices voices;
  std::set<std::string> persons;
  for (const v1::SignedStatement& said : offer.approvals()) {
    absl::StatusOr<VerifiedStatement> approval =
        contract::VerifyStatement(said, StatementType::kApproval, trust.signers);
    if (!approval.ok()) {
      if (!MayBeIgnored(contract::ReasonOf(approval.status()))) return approval.status();
      voices.Ignore(approval.status());
      continue;
    }
    const Statement& statement = approval->statement;
    absl::Status status = ExpectFields(statement, {{"plan", verified.plan_digest},
                                                   {"environment", identity.environment},
                                                   {"target", identity.target},
                                                   {"decision", "approve"},
                                                   {"policy", verified.plan.policy_digest()},
                                                   {"floor", verified.plan.floor_digest()}});
    if (status.ok()) status = nonces->Add(statement);
    if (status.ok()) status = ExpectTime(statement, TimeOf(verified.plan.make_time()), now);
    if (!status.ok()) return status;
    status = ExpectNotExpired(statement, now);
    const bool robot = trust.floor.IsRobot(approval->person);
    if (status.ok() && robot) {
      status =
          Error(v1::REASON_ROBOT_CANNOT_APPROVE,
                absl::StrCat(approval->person, " is a robot and cannot approve"), "Ask a person.");
    }
    if (status.ok() && approval->person == verified.plan.author() && !rule.self) {
      status = Error(v1::REASON_SELF_APPROVAL,
                     absl::StrCat("the floor does not count ", approval->person,
                                  "'s approval of a plan of their own"),
                     "Ask somebody else.");
    }
    if (status.ok() && !rule.groups.empty() &&
        !contract::InAnyGroup(trust.floor.groups, rule.groups, approval->person)) {
      status = Error(v1::REASON_NOT_AN_APPROVER,
                     absl::StrCat("the floor does not name ", approval->person, " as an approver"),
                     absl::StrCat("Ask somebody of: ", absl::StrJoin(rule.groups, ", "), "."));
    }
    if (status.ok() && !persons.insert(approval->person).second) {
      status = Error(v1::REASON_ALREADY_APPROVED,
                     absl::StrCat(approval->person, " approved twice; a person counts once"),
                     "Ask somebody else.");
    }
    if (!status.ok()) {
      voices.Ignore(status);
      continue;
    }
    voices.counted.push_back(
        {approval->person, approval->key.fingerprint, robot, statement.time()});
  }
  return voices;
}

// Whoever breaks the glass does not approve it too.
void DropRunner(const v1::RunOffer& offer, Voices* voices) {
  const absl::StatusOr<Statement> run = Statement::Parse(offer.run_statement().text());
  if (!run.ok()) return;
  const auto is_runner = [&run](const contract::Approver& each) {
    return each.person == run->person();
  };
  if (std::erase_if(voices->counted, is_runner) == 0) return;
  voices->Ignore(Error(v1::REASON_SELF_APPROVAL,
                       absl::StrCat(run->person(), " breaks the glass and cannot approve it too"),
                       "Ask somebody else."));
}

absl::Status CheckQuorum(const Voices& voices, const Quorum& quorum, const VerifiedOffer& verified,
                         const Trust& trust, absl::Time now) {
  const contract::QuorumAnswer answer = contract::EvaluateQuorum(
      quorum.rule, trust.floor.groups, verified.plan.author(), voices.counted, now);
  std::string missing;
  if (!answer.satisfied) {
    missing = absl::StrCat("the agent's floor asks for more: ", answer.missing);
  } else if (static_cast<int>(voices.counted.size()) < quorum.by_plan) {
    missing = absl::StrCat("the plan's own rules ask for ", quorum.by_plan, " approvals, ",
                           voices.counted.size(), " came");
  } else {
    return absl::OkStatus();
  }
  if (!voices.first_ignored.ok()) {
    v1::Problem problem = contract::ProblemOf(voices.first_ignored);
    problem.set_message(absl::StrCat(problem.message(), " (", missing, ")"));
    return contract::ErrorFrom(problem);
  }
  return Error(v1::REASON_APPROVALS_MISSING, missing, "Ask for the missing approvals.");
}

}  // namespace

absl::Status CheckApprovals(const v1::RunOffer& offer, const VerifiedOffer& verified,
                            const AgentIdentity& identity, const Trust& trust, absl::Time now,
                            Nonces* nonces) {
  const absl::StatusOr<Quorum> quorum = QuorumFor(verified, trust);
  if (!quorum.ok()) return quorum.status();
  absl::StatusOr<Voices> voices =
      HearApprovals(offer, verified, quorum->rule, identity, trust, now, nonces);
  if (!voices.ok()) return voices.status();
  if (!verified.break_glass.empty()) DropRunner(offer, &*voices);
  return CheckQuorum(*voices, *quorum, verified, trust, now);
}

}  // namespace resetctl::agent

#include "agent/service/offer_verifier.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/text.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/approval_rules.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_signature.h"
#include "proto/contract/statement.h"

namespace resetctl::agent {
namespace {

using contract::Error;
using contract::Statement;
using contract::StatementType;
using contract::VerifiedStatement;

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string SetsField(std::vector<std::string> sets) {
  std::sort(sets.begin(), sets.end());
  return absl::StrJoin(sets, ",");
}

absl::Status ExpectField(const Statement& statement, absl::string_view field,
                         absl::string_view expected) {
  if (statement.Get(field) == expected) return absl::OkStatus();
  const std::string& said = statement.Get(field);
  return Error(
      v1::REASON_STATEMENT_MISMATCH,
      absl::StrCat("the ", base::Str(statement.namespace_name()), " statement of ",
                   statement.person(), " says ", field, " ", said.empty() ? "nothing" : said,
                   ", this is about ", expected.empty() ? "nothing" : base::Str(expected)),
      "Sign a statement for exactly this plan.");
}

absl::Status ExpectFields(
    const Statement& statement,
    std::initializer_list<std::pair<absl::string_view, absl::string_view>> fields) {
  for (const auto& [field, expected] : fields) {
    absl::Status status = ExpectField(statement, field, expected);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Signed in the future, by a clock that we do not believe, or so long ago that it is a replay.
absl::Status ExpectTime(const Statement& statement, absl::Time not_before, absl::Time now) {
  if (statement.time() > now + kClockTolerance) {
    return Error(v1::REASON_STATEMENT_INVALID,
                 absl::StrCat("the statement of ", statement.person(),
                              " is from the future: ", statement.Get("time"), ", here it is ",
                              contract::FormatStatementTime(now)),
                 "Set the clocks of both machines.");
  }
  if (statement.time() < not_before - kClockTolerance) {
    return Error(v1::REASON_STATEMENT_EXPIRED,
                 absl::StrCat("the statement of ", statement.person(),
                              " is too old: ", statement.Get("time"), ", here it is ",
                              contract::FormatStatementTime(now)),
                 "Sign a new one; if it was signed just now, set the clocks of both machines.");
  }
  return absl::OkStatus();
}

absl::Status ExpectNotExpired(const Statement& statement, absl::Time now) {
  if (now <= statement.start_before() + kClockTolerance) return absl::OkStatus();
  return Error(v1::REASON_STATEMENT_EXPIRED,
               absl::StrCat("the statement of ", statement.person(), " was good until ",
                            contract::FormatStatementTime(statement.start_before())),
               "Sign a new one.");
}

absl::Status FloorRefuses(const std::string& person, absl::string_view verb,
                          const std::vector<std::string>& groups) {
  return Error(v1::REASON_FLOOR_REFUSES,
               absl::StrCat("the agent's floor does not let ", person, " ", verb),
               absl::StrCat("Ask somebody of: ", absl::StrJoin(groups, ", "),
                            "; the floor is trust/floor.yaml beside the database."));
}

absl::Status CheckPlanStatement(const Statement& statement, const AgentIdentity& identity,
                                absl::string_view bundle_digest,
                                const std::vector<std::string>& sets) {
  return ExpectFields(statement, {{"environment", identity.environment},
                                  {"target", identity.target},
                                  {"bundle", bundle_digest},
                                  {"sets", SetsField(sets)}});
}

// Each statement counts once: the same text (or nonce) twice is one voice heard twice.
class Nonces {
 public:
  absl::Status Add(const Statement& statement) {
    if (seen_.insert(statement.nonce()).second) return absl::OkStatus();
    return Error(v1::REASON_STATEMENT_REPLAYED,
                 absl::StrCat("a statement of ", statement.person(), " is used twice"),
                 "Each approval needs a statement of its own.");
  }

 private:
  std::set<std::string> seen_;
};

absl::Status NotOurs() {
  return Error(v1::REASON_PLAN_NOT_OURS, "this agent did not make the plan",
               "Make a new plan; if nobody changed the agent's state directory, look into who "
               "composed this one.");
}

// The run statement's reason to break the glass; its signature is verified later, before anything rests on it.
std::string BreakGlassOf(const v1::RunOffer& offer) {
  const absl::StatusOr<Statement> statement = Statement::Parse(offer.run_statement().text());
  return statement.ok() && statement->type() == StatementType::kRun ? statement->Get("break-glass")
                                                                    : "";
}

// What the approvals must come to.
struct Quorum {
  contract::ApprovalRule rule;  // the floor's
  int by_plan =
      0;  // by the plan's own rules, which people approved: nobody can lower them afterwards
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

absl::StatusOr<std::string> CheckRunStatement(const v1::RunOffer& offer,
                                              const VerifiedOffer& verified,
                                              const AgentIdentity& identity, const Trust& trust,
                                              absl::Time now, Nonces* nonces, std::string* nonce) {
  absl::StatusOr<VerifiedStatement> run =
      contract::VerifyStatement(offer.run_statement(), StatementType::kRun, trust.signers);
  if (!run.ok()) return run.status();
  const Statement& statement = run->statement;
  absl::Status status = ExpectFields(statement, {{"plan", verified.plan_digest},
                                                 {"environment", identity.environment},
                                                 {"target", identity.target}});
  if (!status.ok()) return status;
  const std::string phrase = verified.rules.confirm.empty()
                                 ? ""
                                 : absl::StrCat(verified.rules.confirm, " ", identity.target);
  if (statement.Get("phrase") != phrase) {
    return Error(
        v1::REASON_WRONG_PHRASE,
        absl::StrCat("the phrase that ", run->person, " typed is not the one of this plan"),
        phrase.empty() ? "This plan needs no phrase." : absl::StrCat("Type: ", phrase));
  }
  status = nonces->Add(statement);
  if (status.ok()) status = ExpectTime(statement, TimeOf(verified.plan.make_time()), now);
  if (status.ok()) status = ExpectNotExpired(statement, now);
  if (!status.ok()) return status;
  if (offer.has_start_before() && now > TimeOf(offer.start_before()) + kClockTolerance) {
    return Error(v1::REASON_STATEMENT_EXPIRED, "the offer came too late", "Start the run again.");
  }
  if (verified.break_glass.empty()) {
    if (!trust.floor.MayRun(run->person)) return FloorRefuses(run->person, "run", trust.floor.run);
  } else if (!contract::InAnyGroup(trust.floor.groups, trust.floor.break_glass->groups,
                                   run->person)) {
    return FloorRefuses(run->person, "break the glass", trust.floor.break_glass->groups);
  }
  *nonce = statement.nonce();
  return run->person;
}

}  // namespace

absl::StatusOr<VerifiedPlanOrder> VerifyPlanOrder(const v1::PlanOrder& order,
                                                  const AgentIdentity& identity, const Trust& trust,
                                                  absl::Time now) {
  absl::StatusOr<VerifiedStatement> plan =
      contract::VerifyStatement(order.plan_statement(), StatementType::kPlan, trust.signers);
  if (!plan.ok()) return plan.status();
  absl::Status status =
      CheckPlanStatement(plan->statement, identity, contract::Digest(order.bundle()),
                         {order.sets().begin(), order.sets().end()});
  if (status.ok()) status = ExpectTime(plan->statement, now - kStatementAge, now);
  if (!status.ok()) return status;
  if (!trust.floor.MayPlan(plan->person)) {
    return FloorRefuses(plan->person, "plan", trust.floor.plan);
  }
  return VerifiedPlanOrder{plan->person, plan->statement.Get("reason"),
                           contract::Digest(order.plan_statement().text())};
}

absl::StatusOr<VerifiedOffer> VerifyOffer(const v1::RunOffer& offer, const AgentIdentity& identity,
                                          const LocalKey& key, const Trust& trust, absl::Time now) {
  if (!key.IsOurPlan(offer.document(), offer.mac())) return NotOurs();
  VerifiedOffer verified;
  v1::PlanDocument& plan = verified.plan;
  if (!plan.ParseFromString(offer.document()) || plan.format() != 1) return NotOurs();
  verified.plan_digest = contract::Digest(offer.document());
  if (plan.environment() != identity.environment || plan.target() != identity.target) {
    return Error(v1::REASON_WRONG_AUDIENCE,
                 absl::StrCat("the plan is for ", plan.environment(), "/", plan.target(),
                              ", this agent serves ", identity.environment, "/", identity.target),
                 "Run a plan that was made for this target.");
  }
  if (contract::Digest(plan.rules()) != plan.policy_digest()) {
    return Error(v1::REASON_DIGEST_MISMATCH,
                 "the plan's rules do not have the digest that it names", "Make a new plan.");
  }
  absl::StatusOr<contract::EnvironmentRules> rules = contract::ParseCanonicalJson(plan.rules());
  if (!rules.ok()) return rules.status();
  verified.rules = *std::move(rules);
  if (plan.floor_digest() != trust.floor.digest) {
    return Error(v1::REASON_STALE_FLOOR,
                 absl::StrCat("the agent's floor has changed since the plan was made: it was ",
                              plan.floor_digest(), ", it is ", trust.floor.digest),
                 "Make a new plan and have it approved.");
  }

  Nonces nonces;
  absl::StatusOr<VerifiedStatement> author =
      contract::VerifyStatement(offer.plan_statement(), StatementType::kPlan, trust.signers);
  if (!author.ok()) return author.status();
  if (author->person != plan.author() ||
      contract::Digest(offer.plan_statement().text()) != plan.plan_statement_digest()) {
    return Error(v1::REASON_STATEMENT_MISMATCH,
                 absl::StrCat("the plan statement of ", author->person,
                              " is not the one that this plan was made for"),
                 "Offer the plan with its author's own statement.");
  }
  absl::Status status = CheckPlanStatement(author->statement, identity, plan.bundle_digest(),
                                           {plan.sets().begin(), plan.sets().end()});
  if (status.ok()) status = nonces.Add(author->statement);
  if (!status.ok()) return status;
  if (!trust.floor.MayPlan(author->person)) {
    return FloorRefuses(author->person, "plan", trust.floor.plan);
  }

  verified.break_glass = BreakGlassOf(offer);
  const absl::StatusOr<Quorum> quorum = QuorumFor(verified, trust);
  if (!quorum.ok()) return quorum.status();
  absl::StatusOr<Voices> voices =
      HearApprovals(offer, verified, quorum->rule, identity, trust, now, &nonces);
  if (!voices.ok()) return voices.status();
  if (!verified.break_glass.empty()) DropRunner(offer, &*voices);
  status = CheckQuorum(*voices, *quorum, verified, trust, now);
  if (!status.ok()) return status;

  absl::StatusOr<std::string> runner =
      CheckRunStatement(offer, verified, identity, trust, now, &nonces, &verified.nonce);
  if (!runner.ok()) return runner.status();
  verified.runner = *std::move(runner);

  const absl::Time expires =
      std::min(TimeOf(plan.expire_time()), TimeOf(plan.make_time()) + trust.floor.max_plan_age);
  if (now > expires) {
    return Error(v1::REASON_PLAN_EXPIRED,
                 absl::StrCat("the plan expired at ", contract::FormatStatementTime(expires)),
                 "Make a new plan.");
  }
  if (now + kClockTolerance < TimeOf(plan.make_time())) {
    return Error(v1::REASON_PLAN_EXPIRED,
                 "the plan is from the future: this machine's clock was set back",
                 "Set the clock, or make a new plan.");
  }
  return verified;
}

absl::StatusOr<VerifiedRebind> VerifyRebind(const v1::SignedStatement& statement,
                                            const AgentIdentity& identity, const Trust& trust,
                                            absl::Time now) {
  absl::StatusOr<VerifiedStatement> verified =
      contract::VerifyStatement(statement, StatementType::kAdmin, trust.signers);
  if (!verified.ok()) return verified.status();
  const contract::AdminAction action =
      contract::RebindAction(identity.environment, identity.target);
  absl::Status status = ExpectFields(
      verified->statement, {{"verb", action.verb}, {"arguments", action.ArgumentsDigest()}});
  if (status.ok()) status = ExpectTime(verified->statement, now - kStatementAge, now);
  if (!status.ok()) return status;
  if (!trust.floor.MayRebind(verified->person)) {
    return FloorRefuses(verified->person, "rebind", trust.floor.rebind);
  }
  return VerifiedRebind{verified->person, verified->statement.time(), verified->statement.nonce()};
}

absl::StatusOr<VerifiedResume> VerifyResume(const v1::ResumeOffer& offer,
                                            const AgentIdentity& identity, const LocalKey& key,
                                            const Trust& trust, absl::Time now) {
  if (!key.IsOurPlan(offer.document(), offer.mac())) return NotOurs();
  absl::StatusOr<VerifiedStatement> resume =
      contract::VerifyStatement(offer.resume_statement(), StatementType::kResume, trust.signers);
  if (!resume.ok()) return resume.status();
  absl::Status status = ExpectFields(resume->statement, {{"run", offer.run_id()},
                                                         {"environment", identity.environment},
                                                         {"target", identity.target}});
  if (status.ok()) status = ExpectTime(resume->statement, now - kStatementAge, now);
  if (!status.ok()) return status;
  if (!trust.floor.MayRun(resume->person)) {
    return FloorRefuses(resume->person, "resume", trust.floor.run);
  }
  return VerifiedResume{resume->person, resume->statement.nonce()};
}

}  // namespace resetctl::agent

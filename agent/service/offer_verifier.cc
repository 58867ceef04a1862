#include "agent/service/offer_verifier.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/service/approval_check.h"
#include "agent/service/statement_expectations.h"
#include "proto/contract/approval_rules.h"
#include "proto/contract/digest.h"
#include "proto/contract/known_fields.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_signature.h"
#include "proto/contract/statement.h"

namespace resetctl::agent {
namespace {

using contract::Error;
using contract::Statement;
using contract::StatementType;
using contract::VerifiedStatement;

std::string SetsField(std::vector<std::string> sets) {
  std::sort(sets.begin(), sets.end());
  return absl::StrJoin(sets, ",");
}

absl::Status CheckPlanStatement(const Statement& statement, const AgentIdentity& identity,
                                absl::string_view bundle_digest,
                                const std::vector<std::string>& sets) {
  return ExpectFields(statement, {{"environment", identity.environment},
                                  {"target", identity.target},
                                  {"bundle", bundle_digest},
                                  {"sets", SetsField(sets)}});
}

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
  // An agent of a newer version may have made it, here, before it was replaced by this one.
  if (absl::Status known = contract::CheckAllKnown(plan, "the plan", "agent"); !known.ok()) {
    return known;
  }
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
  status = CheckApprovals(offer, verified, identity, trust, now, &nonces);
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

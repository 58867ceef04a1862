#include "client/app/statements.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/output/times.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/known_fields.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

using contract::Statement;
using contract::StatementBuilder;
using contract::StatementType;

// How long after the hold a run may still begin: an agent may be reconnecting.
constexpr absl::Duration kStartWithin = absl::Minutes(10);
constexpr absl::Duration kLoginWithin = absl::Minutes(1);

absl::Status NotThePlan(absl::string_view what) {
  return contract::Error(v1::REASON_DIGEST_MISMATCH, what,
                         "sign nothing, and tell the controller's administrator");
}

}  // namespace

std::string CheckedPlan::Phrase() const {
  return rules.confirm.empty() ? "" : absl::StrCat(rules.confirm, " ", document.target());
}

absl::StatusOr<CheckedPlan> CheckPlan(const v1::Plan& plan, absl::string_view asked) {
  CheckedPlan checked;
  checked.id = contract::PlanId(plan.document());
  checked.digest = contract::Digest(plan.document());
  if (plan.id() != checked.id) {
    return NotThePlan(absl::StrCat("the controller's ", contract::ShortId(plan.id()),
                                   " is not the plan with that digest"));
  }
  if (!absl::StartsWith(checked.id, asked)) {
    return NotThePlan(absl::StrCat("asked for ", asked, ", the controller answered with ",
                                   contract::ShortId(checked.id)));
  }
  if (!checked.document.ParseFromString(plan.document()) || checked.document.format() != 1) {
    return contract::Error(v1::REASON_RULE_UNSUPPORTED,
                           absl::StrCat(contract::ShortId(checked.id),
                                        " is written in a format that this resetctl does not know"),
                           "install the resetctl that fits the agent");
  }
  // Nobody approves what nobody was shown.
  absl::Status known =
      contract::CheckAllKnown(checked.document, contract::ShortId(checked.id), "resetctl");
  if (!known.ok()) return known;
  if (contract::Digest(checked.document.rules()) != checked.document.policy_digest()) {
    return NotThePlan(absl::StrCat("the rules inside ", contract::ShortId(checked.id),
                                   " are not what its policy digest names"));
  }
  auto rules = contract::ParseCanonicalJson(checked.document.rules());
  if (!rules.ok()) return rules.status();
  checked.rules = *std::move(rules);
  return checked;
}

absl::StatusOr<Statement> LoginStatement(absl::string_view ca_pin, absl::string_view challenge,
                                         absl::string_view person, absl::Time now) {
  return StatementBuilder(StatementType::kLogin)
      .Set("ca-pin", ca_pin)
      .Set("challenge", base::ToBase64(challenge))
      .SetTime("expires", now + kLoginWithin)
      .Set("person", person)
      .SetTime("time", now)
      .Build();
}

absl::StatusOr<Statement> PlanStatement(const PlanWish& wish, absl::string_view person,
                                        absl::Time now) {
  const std::set<std::string> sets(wish.sets.begin(), wish.sets.end());
  return StatementBuilder(StatementType::kPlan)
      .Set("environment", wish.environment)
      .Set("target", wish.target)
      .Set("bundle", contract::Digest(wish.bundle))
      .Set("sets", absl::StrJoin(sets, ","))
      .Set("reason", wish.reason)
      .Set("person", person)
      .SetTime("time", now)
      .Build();
}

absl::Time ApprovalStartBefore(const CheckedPlan& plan, absl::Time now) {
  return std::min(TimeOf(plan.document.expire_time()), now + plan.rules.approvals.ttl);
}

absl::StatusOr<Statement> ApprovalStatement(const CheckedPlan& plan, absl::string_view decision,
                                            absl::string_view reason, absl::string_view person,
                                            absl::Time now) {
  return StatementBuilder(StatementType::kApproval)
      .Set("plan", plan.digest)
      .Set("environment", plan.document.environment())
      .Set("target", plan.document.target())
      .Set("decision", decision)
      .Set("person", person)
      .Set("policy", plan.document.policy_digest())
      .Set("floor", plan.document.floor_digest())
      .SetTime("start-before", ApprovalStartBefore(plan, now))
      .Set("reason", reason)
      .SetTime("time", now)
      .Build();
}

absl::Status CheckPhrase(const CheckedPlan& plan, absl::string_view typed) {
  const std::string phrase = plan.Phrase();
  if (typed == phrase) return absl::OkStatus();
  if (phrase.empty()) {
    return contract::Error(
        v1::REASON_WRONG_PHRASE,
        absl::StrCat(plan.document.environment(), " asks for no phrase, but one was given"),
        "leave --confirm out");
  }
  return contract::Error(
      v1::REASON_WRONG_PHRASE,
      typed.empty()
          ? absl::StrCat(plan.document.environment(), " asks for a phrase, none was typed")
          : "the typed phrase is not the right one; nothing was started",
      absl::StrCat("type the phrase that the plan shows, with the target's name:\n  ", phrase));
}

absl::StatusOr<Statement> RunStatement(const CheckedPlan& plan, absl::string_view typed,
                                       absl::string_view break_glass, absl::string_view person,
                                       absl::Time now) {
  return StatementBuilder(StatementType::kRun)
      .Set("plan", plan.digest)
      .Set("environment", plan.document.environment())
      .Set("target", plan.document.target())
      .Set("phrase", typed)
      .Set("break-glass", break_glass)
      .Set("person", person)
      .SetTime("start-before",
               std::min(TimeOf(plan.document.expire_time()), now + plan.rules.hold + kStartWithin))
      .SetTime("time", now)
      .Build();
}

absl::StatusOr<Statement> AdminStatement(const contract::AdminAction& action,
                                         absl::string_view person, absl::Time now) {
  return StatementBuilder(StatementType::kAdmin)
      .Set("verb", action.verb)
      .Set("arguments", action.ArgumentsDigest())
      .Set("person", person)
      .SetTime("time", now)
      .Build();
}

absl::StatusOr<Statement> ResumeStatement(absl::string_view run_id, const CheckedPlan& plan,
                                          absl::string_view person, absl::Time now) {
  return StatementBuilder(StatementType::kResume)
      .Set("run", run_id)
      .Set("environment", plan.document.environment())
      .Set("target", plan.document.target())
      .Set("person", person)
      .SetTime("time", now)
      .Build();
}

}  // namespace resetctl::client

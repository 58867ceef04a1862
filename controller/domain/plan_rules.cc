#include "controller/domain/plan_rules.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/domain/policy_checks.h"
#include "proto/contract/digest.h"
#include "proto/contract/maintenance_window.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

using contract::EnvironmentRules;

// '3 h 12 min', '4 d 2 h', '40 s'.
std::string Span(absl::Duration span) {
  const int64_t seconds = absl::ToInt64Seconds(span);
  const int64_t minutes = (seconds + 59) / 60;  // '0 min' would be a lie
  if (seconds < 60) return absl::StrCat(seconds, " s");
  if (minutes < 60) return absl::StrCat(minutes, " min");
  constexpr int64_t kPerDay = 1440;
  if (minutes < 2 * kPerDay) return absl::StrCat(minutes / 60, " h ", minutes % 60, " min");
  return absl::StrCat(minutes / kPerDay, " d ", minutes % kPerDay / 60, " h");
}

std::string WallClock(absl::Time time, const absl::TimeZone& zone) {
  return absl::StrCat(absl::FormatTime("%a %Y-%m-%d %H:%M", time, zone), " ", zone.name());
}

std::string Utc(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

RuleVerdict Holds(absl::string_view rule, std::string how) {
  return {std::string(rule.data(), rule.size()), std::move(how), std::nullopt};
}

RuleVerdict Objects(absl::string_view rule, v1::Reason reason, const std::string& message,
                    std::string advice) {
  return {std::string(rule.data(), rule.size()), message,
          Objection{reason, message, std::move(advice)}};
}

RuleVerdict AboutExpiry(const PlanRecord& plan, absl::Time now) {
  Decision decision;
  CheckNotExpired(plan, now, &decision);
  if (decision.allowed()) {
    return Holds("plan_ttl", absl::StrCat("the plan is good until ", Utc(plan.expire_time)));
  }
  const Objection& objection = decision.objections.front();
  return Objects("plan_ttl", objection.reason, objection.message, objection.advice);
}

RuleVerdict AboutApprovals(const Policy& policy, const PlanRecord& plan,
                           const EnvironmentRules& rules,
                           const std::vector<ApprovalRecord>& approvals, absl::Time now) {
  const contract::QuorumAnswer quorum = QuorumOf(policy, plan, approvals, now);
  if (quorum.satisfied) {
    return Holds("approvals",
                 rules.approvals.required == 0
                     ? "none is required"
                     : absl::StrCat(quorum.counted, " of ", rules.approvals.required, ": ",
                                    absl::StrJoin(quorum.counted_persons, ", ")));
  }
  const std::vector<std::string> who = WhoMayApprove(policy, plan, approvals, now);
  return Objects("approvals", v1::REASON_APPROVALS_MISSING,
                 absl::StrCat("Approvals are missing: ", quorum.missing, "."),
                 who.empty()
                     ? "Nobody who may approve is left: make a new plan, or change the policy."
                     : absl::StrCat("Ask ", absl::StrJoin(who, " or "), ": resetctl approve ",
                                    contract::ShortId(plan.id), "."));
}

RuleVerdict AboutRehearsal(const PlanRecord& plan, const contract::Rehearsal& rehearsal,
                           const std::optional<absl::Time>& rehearsed, absl::Time now) {
  constexpr char kRule[] = "after_success_in";
  if (rehearsed && now - *rehearsed <= rehearsal.within) {
    return Holds(kRule, absl::StrCat("the same blueprint succeeded in ", rehearsal.environment, " ",
                                     Span(now - *rehearsed), " ago"));
  }
  const std::string message =
      rehearsed ? absl::StrCat("The same blueprint succeeded in ", rehearsal.environment, " ",
                               Span(now - *rehearsed), " ago, and ", plan.environment,
                               " wants it within ", Span(rehearsal.within), ".")
                : absl::StrCat("The same blueprint, byte for byte, has never succeeded in ",
                               rehearsal.environment, ".");
  return Objects(kRule, v1::REASON_REHEARSAL_MISSING, message,
                 absl::StrCat("Run it there first, unchanged: resetctl plan ... --env ",
                              rehearsal.environment, "."));
}

RuleVerdict AboutWindows(const PlanRecord& plan, const EnvironmentRules& rules, absl::Time now) {
  constexpr char kRule[] = "windows";
  std::vector<contract::MaintenanceWindow> windows;
  for (const std::string& text : rules.windows) {
    absl::StatusOr<contract::MaintenanceWindow> window = contract::MaintenanceWindow::Parse(text);
    if (!window.ok()) {
      const v1::Problem problem = contract::ProblemOf(window.status());
      return Objects(kRule, problem.reason(), problem.message(), problem.advice());
    }
    windows.push_back(*std::move(window));
  }
  const contract::WindowAnswer answer = contract::AskWindows(windows, now);
  if (answer.window == nullptr) return Holds(kRule, "at any time");
  if (answer.open) {
    return Holds(kRule,
                 answer.until == absl::InfiniteFuture()
                     ? "open"
                     : absl::StrCat("open until ", WallClock(answer.until, answer.window->zone()),
                                    ", for ", Span(answer.until - now)));
  }
  return Objects(
      kRule, v1::REASON_OUTSIDE_WINDOW,
      absl::StrCat("No maintenance window of ", plan.environment, " is open (",
                   absl::StrJoin(rules.windows, "; "), ")."),
      answer.until == absl::InfiniteFuture()
          ? "None opens in the next week."
          : absl::StrCat("The next one opens ", WallClock(answer.until, answer.window->zone()),
                         ", in ", Span(answer.until - now), "."));
}

RuleVerdict AboutFreeze(const PlanRecord& plan, const std::optional<FreezeRecord>& freeze,
                        absl::Time now) {
  if (!freeze || freeze->until <= now) {
    return Holds("freeze", absl::StrCat(plan.environment, " is not frozen"));
  }
  const bool ends = freeze->until != absl::InfiniteFuture();
  return Objects("freeze", v1::REASON_FROZEN,
                 absl::StrCat(plan.environment, " is frozen by ", freeze->person,
                              ends ? absl::StrCat(" until ", Utc(freeze->until)) : "",
                              freeze->reason.empty() ? "" : ": ", freeze->reason, "."),
                 absl::StrCat("Wait", ends ? absl::StrCat(" ", Span(freeze->until - now)) : "",
                              ", or ask an admin: resetctl unfreeze ", plan.environment, "."));
}

}  // namespace

std::vector<RuleVerdict> ExplainPlan(const Policy& policy, const PlanRecord& plan,
                                     const std::vector<ApprovalRecord>& approvals,
                                     const Circumstances& circumstances, absl::Time now) {
  std::vector<RuleVerdict> verdicts;
  const absl::StatusOr<EnvironmentRules> rules = RulesOf(plan);
  if (!rules.ok()) return verdicts;
  verdicts.push_back(AboutExpiry(plan, now));
  verdicts.push_back(AboutApprovals(policy, plan, *rules, approvals, now));
  if (rules->after_success_in) {
    verdicts.push_back(
        AboutRehearsal(plan, *rules->after_success_in, circumstances.rehearsed, now));
  }
  verdicts.push_back(AboutWindows(plan, *rules, now));
  verdicts.push_back(AboutFreeze(plan, circumstances.freeze, now));
  if (rules->break_glass) {
    verdicts.push_back(
        Holds("break_glass",
              absl::StrCat(absl::StrJoin(rules->break_glass->groups, ", "), " may, with ",
                           rules->break_glass->approvals,
                           rules->break_glass->approvals == 1 ? " approval" : " approvals")));
  }
  return verdicts;
}

Decision EvaluatePlan(const Policy& policy, const PlanRecord& plan,
                      const std::vector<ApprovalRecord>& approvals,
                      const Circumstances& circumstances, absl::Time now) {
  Decision decision;
  // What has ended has one objection: no approval would help it.
  if (!CheckOpen(plan, &decision)) return decision;
  CheckEnvironment(policy, plan.environment, &decision);
  if (!RulesOrObjection(plan, &decision).ok()) return decision;
  for (RuleVerdict& verdict : ExplainPlan(policy, plan, approvals, circumstances, now)) {
    if (verdict.objection) decision.objections.push_back(*std::move(verdict.objection));
  }
  return decision;
}

Decision EvaluateRun(const Policy& policy, const PlanRecord& plan,
                     const std::vector<ApprovalRecord>& approvals,
                     const Circumstances& circumstances, absl::Time now, const Caller& caller) {
  Decision decision;
  const absl::StatusOr<EnvironmentRules> rules = RulesOf(plan);
  if (CheckPerson(policy, caller, &decision) && rules.ok()) {
    CheckRole(policy, rules->run, "run", plan.environment, caller, &decision);
  }
  Decision of_plan = EvaluatePlan(policy, plan, approvals, circumstances, now);
  for (Objection& objection : of_plan.objections) {
    decision.objections.push_back(std::move(objection));
  }
  return decision;
}

Decision EvaluateBreakGlass(const Policy& policy, const PlanRecord& plan,
                            const std::vector<ApprovalRecord>& approvals,
                            const Circumstances& circumstances, absl::Time now,
                            const Caller& caller) {
  Decision decision;
  if (!CheckOpen(plan, &decision)) return decision;
  CheckNotExpired(plan, now, &decision);
  CheckEnvironment(policy, plan.environment, &decision);
  const bool known = CheckPerson(policy, caller, &decision);
  const absl::StatusOr<EnvironmentRules> rules = RulesOrObjection(plan, &decision);
  if (!rules.ok()) return decision;
  if (!rules->break_glass) {
    decision.Object(v1::REASON_NOT_BREAK_GLASS,
                    absl::StrCat("The rules of ", plan.environment, " let nobody break the glass."),
                    "Get the approvals, or wait for the window.");
    return decision;
  }
  const contract::BreakGlass& rule = *rules->break_glass;
  if (known) {
    CheckRole(policy, rule.groups, "break the glass", plan.environment, caller, &decision);
  }
  int approved = 0;
  for (const ApprovalStanding& standing : StandingOf(policy, plan, approvals, now)) {
    const std::string& person = standing.approval->person;
    if (standing.counts && person != caller.person && person != plan.author &&
        contract::InAnyGroup(policy.groups, rule.groups, person)) {
      ++approved;
    }
  }
  if (approved < rule.approvals) {
    decision.Object(v1::REASON_APPROVALS_MISSING,
                    absl::StrCat("Breaking the glass takes ", rule.approvals,
                                 rule.approvals == 1 ? " approval" : " approvals", " of others in ",
                                 absl::StrJoin(rule.groups, ", "), "; there ",
                                 approved == 1 ? "is " : "are ", approved, "."),
                    absl::StrCat("Ask somebody of ", absl::StrJoin(rule.groups, ", "),
                                 ": resetctl approve ", contract::ShortId(plan.id), "."));
  }
  if (!circumstances.unreviewed_run.empty()) {
    decision.Object(
        v1::REASON_REVIEW_MISSING,
        absl::StrCat("The last break-glass run of ", plan.environment, "/", plan.target, ", ",
                     contract::ShortId(circumstances.unreviewed_run), ", has not been reviewed."),
        absl::StrCat("Ask an admin who did not run it: resetctl audit review ",
                     contract::ShortId(circumstances.unreviewed_run), "."));
  }
  return decision;
}

Decision CheckExpiry(const PlanRecord& plan, absl::Time now) {
  Decision decision;
  CheckNotExpired(plan, now, &decision);
  return decision;
}

std::string PhraseFor(const EnvironmentRules& rules, absl::string_view target) {
  return rules.confirm.empty() ? "" : absl::StrCat(rules.confirm, " ", target);
}

Decision CheckPhrase(const PlanRecord& plan, absl::string_view typed) {
  Decision decision;
  const absl::StatusOr<EnvironmentRules> rules = RulesOrObjection(plan, &decision);
  if (!rules.ok()) return decision;
  const std::string wanted = PhraseFor(*rules, plan.target);
  if (!wanted.empty() && wanted != typed) {
    decision.Object(
        v1::REASON_WRONG_PHRASE,
        absl::StrCat(typed.empty() ? "No phrase was typed" : "The typed phrase is not the one",
                     " that ", plan.environment, " asks for."),
        absl::StrCat("Type exactly: ", wanted));
  }
  return decision;
}

}  // namespace resetctl::controller

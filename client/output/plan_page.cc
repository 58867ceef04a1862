#include "client/output/plan_page.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/output/plan_sections.h"
#include "client/output/plan_sources.h"
#include "client/output/plan_tables.h"
#include "client/output/sanitize.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"
#include "proto/contract/environment_rules.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

// "15.20 (Debian 15.20-0+deb12u1)" is 15.20 to people; the whole is in the JSON.
absl::string_view Release(absl::string_view version) {
  return version.substr(0, version.find(' '));
}

std::string DatabaseText(const v1::DatabaseIdentity& database) {
  std::string text = database.database_name();
  if (!database.address().empty()) absl::StrAppend(&text, " @ ", database.address());
  if (!database.server_version().empty()) {
    absl::StrAppend(&text, ", PostgreSQL ", Release(database.server_version()));
  }
  return text;
}

// A marked database is refused as another target's unless the mark is this one's: a plan of it matches.
std::string IdentityText(const v1::DatabaseIdentity& database) {
  return database.marker().empty() ? "identity new" : "identity matches";
}

std::string ShortDigest(absl::string_view digest) {
  return absl::StrCat(digest.substr(0, 7 + 12), digest.size() > 19 ? "…" : "");
}

std::string ApprovalsText(const v1::Plan& plan, const contract::ApprovalRule& rule) {
  if (rule.required == 0) return "no approvals";
  std::string text = Counted(rule.required, "approval", "approvals");
  const bool each = rule.distinct_groups && rule.required > 1;
  if (each && static_cast<int>(rule.groups.size()) == rule.required) {
    absl::StrAppend(&text, ", one each from ", Listed(rule.groups));
  } else if (!rule.groups.empty()) {
    absl::StrAppend(&text, " from ", each ? "different groups of " : "", Listed(rule.groups));
  }
  if (!rule.self) absl::StrAppend(&text, " (not ", plan.author(), ")");
  return text;
}

std::string Approvers(const v1::Plan& plan) {
  std::vector<std::string> given;
  for (const auto& approval : plan.approvals()) {
    if (approval.counts()) given.push_back(approval.person());
  }
  return given.empty() ? "" : Listed(given);
}

// What the environment's rules, embedded in the plan and hashed with it, ask for. The controller's
// own fields stand in when these rules are of a newer version than this client.
contract::EnvironmentRules RulesOf(const v1::Plan& plan, const v1::PlanDocument& document) {
  const auto rules = contract::ParseCanonicalJson(document.rules());
  if (rules.ok()) return *rules;
  contract::EnvironmentRules known;
  known.approvals.required = plan.approvals_required();
  known.approvals.groups = {plan.approver_groups().begin(), plan.approver_groups().end()};
  known.confirm = plan.confirm_phrase();
  known.hold = DurationOf(plan.hold());
  return known;
}

std::string NeedsSection(const Look& look, const v1::Plan& plan, const v1::PlanDocument& document) {
  const contract::EnvironmentRules rules = RulesOf(plan, document);
  // "phrase  DELETE ALL DATA rental-manager", below the approvals.
  std::string out;
  const auto line = [&](absl::string_view word, absl::string_view text, Tone tone = Tone::kPlain) {
    static constexpr int kWord = 8;
    absl::StrAppend(
        &out, std::string(kLabel, ' '),
        Paint(look, tone, absl::StrCat(Pad(word, kWord), Wrap(text, look.width, kLabel + kWord))),
        "\n");
  };
  const std::string approvals = ApprovalsText(plan, rules.approvals);
  const std::string so_far =
      rules.approvals.required == 0
          ? ""
          : absl::StrCat(plan.approvals_counted(), " of ", rules.approvals.required);
  const int room = look.width - kLabel;
  if (Width(approvals) + 4 + Width(so_far) <= room) {
    out =
        Field(look, "NEEDS", absl::StrCat(approvals, so_far.empty() ? "" : "    ", so_far), kLabel);
    const std::string given = Approvers(plan);
    if (!given.empty()) line("given", given);
  } else {
    out = Field(look, "NEEDS", approvals, kLabel);
    const std::string given = Approvers(plan);
    line("given", absl::StrCat(so_far, given.empty() ? "" : ": ", given));
  }
  if (!rules.confirm.empty()) {
    line("phrase", absl::StrCat(rules.confirm, " ", document.target()));
  }
  if (rules.hold > absl::ZeroDuration()) {
    line("hold", absl::StrCat(Human(rules.hold), " before the first statement"));
  }
  if (!document.floor_summary().empty()) line("floor", document.floor_summary());
  for (const auto& objection : plan.objections()) {
    if (objection.reason() == v1::REASON_APPROVALS_MISSING) continue;
    line("stops", objection.message(), Tone::kWarn);
    if (!objection.advice().empty()) line("", objection.advice());
  }
  return out;
}

std::string StateLine(const Look& look, const v1::Plan& plan) {
  std::string text = PlanStateText(plan.state());
  const std::string& reason = plan.state_reason();
  const bool named = !plan.last_run_id().empty() && absl::StrContains(reason, plan.last_run_id());
  if (!reason.empty()) {
    absl::StrAppend(&text, ": ",
                    named ? absl::StrReplaceAll(reason, {{plan.last_run_id(),
                                                          contract::ShortId(plan.last_run_id())}})
                          : reason);
  }
  if (!plan.last_run_id().empty() && !named) {
    absl::StrAppend(&text, ", last run ", contract::ShortId(plan.last_run_id()));
  }
  return Field(look, "State", text, kLabel);
}

}  // namespace

std::string Route(const v1::PlanDocument& document) {
  return absl::StrCat(document.target(), " -> ", document.environment());
}

std::string PlanStateText(int state) {
  switch (state) {
    case v1::PLAN_STATE_PENDING_APPROVAL:
      return "waiting for approval";
    case v1::PLAN_STATE_APPROVED:
      return "approved";
    case v1::PLAN_STATE_RUNNING:
      return "running";
    case v1::PLAN_STATE_CONSUMED:
      return "consumed";
    case v1::PLAN_STATE_REJECTED:
      return "rejected";
    case v1::PLAN_STATE_EXPIRED:
      return "expired";
    case v1::PLAN_STATE_STALE:
      return "stale";
    case v1::PLAN_STATE_WITHDRAWN:
      return "withdrawn";
    default:
      return "unknown";
  }
}

std::string NextForPlan(const v1::Plan& plan) {
  const std::string id = contract::ShortId(plan.id());
  switch (plan.state()) {
    case v1::PLAN_STATE_PENDING_APPROVAL: {
      const std::vector<std::string> persons(plan.may_approve().begin(), plan.may_approve().end());
      return absl::StrCat("resetctl approve ", id,
                          persons.empty() ? "" : absl::StrCat("    (", Listed(persons), " may)"));
    }
    case v1::PLAN_STATE_APPROVED:
      return absl::StrCat("resetctl run ", id);
    case v1::PLAN_STATE_RUNNING:
      return absl::StrCat("resetctl watch ", contract::ShortId(plan.last_run_id()));
    case v1::PLAN_STATE_CONSUMED:
      return absl::StrCat("resetctl show ", contract::ShortId(plan.last_run_id()),
                          "    (what its run did)");
    case v1::PLAN_STATE_REJECTED:
    case v1::PLAN_STATE_EXPIRED:
    case v1::PLAN_STATE_STALE:
    case v1::PLAN_STATE_WITHDRAWN:
      return absl::StrCat(
          "resetctl plan BLUEPRINT    (a new plan; then resetctl show NEW_PLAN --diff ", id, ")");
    default:
      return "";
  }
}

std::string RenderPlanSummary(const Look& look, const v1::Plan& raw,
                              const v1::PlanDocument& raw_document) {
  const v1::Plan plan = Cleaned(raw);
  const v1::PlanDocument document = Cleaned(raw_document);
  const TablesTotal total = TotalOf(document);
  std::string out =
      absl::StrCat(Paint(look, Tone::kBold, absl::StrCat("Plan ", contract::ShortId(plan.id()))),
                   "  ", Route(document), "  by ", document.author(), ", ",
                   Ago(TimeOf(document.make_time()), look.now), "\n");
  absl::StrAppend(
      &out, Field(look, "Database", DatabaseText(document.database()), kLabel),
      Field(look, "Clears",
            absl::StrCat(total.CountedRows(), " in ", Counted(total.tables, "table", "tables"),
                         ", ", Bytes(total.bytes)),
            kLabel),
      CacheSection(look, document, "Cache"));
  return out;
}

std::string RenderPlanPage(const Look& look, const v1::Plan& raw,
                           const v1::PlanDocument& raw_document, TableDetail detail) {
  const v1::Plan plan = Cleaned(raw);
  const v1::PlanDocument document = Cleaned(raw_document);
  const std::string head = absl::StrCat("Plan ", contract::ShortId(plan.id()));
  const std::string route = Route(document);
  const std::string author =
      absl::StrCat("by ", document.author(), ", ", Ago(TimeOf(document.make_time()), look.now));
  const int gap = look.width - Width(head) - 4 - Width(route) - Width(author);
  std::string out;
  if (gap >= 2) {
    out = absl::StrCat(Paint(look, Tone::kBold, head), "    ", route, std::string(gap, ' '), author,
                       "\n");
  } else {
    out = absl::StrCat(Paint(look, Tone::kBold, head), "\n", Wrap(route, look.width, 0), "\n",
                       author, "\n");
  }
  absl::StrAppend(&out, Field(look, "Database",
                              absl::StrCat(DatabaseText(document.database()), "  ",
                                           IdentityText(document.database())),
                              kLabel));
  std::string blueprint =
      absl::StrCat(document.blueprint_name(), "  ", ShortDigest(document.bundle_digest()));
  if (document.sets_size() > 0) {
    absl::StrAppend(&blueprint, "  with ",
                    Listed({document.sets().begin(), document.sets().end()}));
  }
  absl::StrAppend(&out, Field(look, "Blueprint", blueprint, kLabel));
  if (!document.reason().empty()) {
    absl::StrAppend(&out, Field(look, "Reason", document.reason(), kLabel));
  }
  const std::string elsewhere =
      detail == TableDetail::kNames
          ? absl::StrCat("resetctl show ", contract::ShortId(plan.id()), " --tables")
          : "";
  absl::StrAppend(&out, StateLine(look, plan), "\n", ClearSection(look, document, detail),
                  ForecastSection(look, document), KeepSection(look, document),
                  RecreateSection(look, document), ChecksSection(look, document),
                  CacheSection(look, document), HooksSection(look, document),
                  SideEffectsSection(look, document), ResidueSection(look, document, elsewhere),
                  WarningsSection(look, document), "\n", NeedsSection(look, plan, document),
                  Field(look, "Expires", When(look, TimeOf(document.expire_time())), kLabel));
  const std::string next = NextForPlan(plan);
  absl::StrAppend(&out, RenderDecisions(look, raw));
  if (!next.empty()) absl::StrAppend(&out, "\nNext:  ", Wrap(next, look.width, 7), "\n");
  return out;
}

}  // namespace resetctl::client

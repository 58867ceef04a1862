#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/output/plan_tables.h"
#include "client/output/report_parts.h"
#include "client/output/times.h"

namespace resetctl::client {
namespace {

std::string DatabaseText(const v1::DatabaseIdentity& database) {
  std::string text = database.database_name();
  if (!database.address().empty()) absl::StrAppend(&text, " at ", database.address());
  if (!database.server_version().empty()) {
    absl::StrAppend(&text, ", PostgreSQL ", database.server_version());
  }
  return text;
}

std::string BlueprintText(const v1::PlanDocument& document) {
  std::string text = document.blueprint_name();
  if (document.sets_size() > 0) {
    absl::StrAppend(&text, ", with ", Listed({document.sets().begin(), document.sets().end()}));
  }
  return text;
}

void Overview(Html& page, const Look& look, const v1::PlanDocument& document) {
  const auto facts = page.In("dl", {{"class", "facts"}});
  Fact(page, "Database", DatabaseText(document.database()));
  Fact(page, "Blueprint", BlueprintText(document));
  CodeFact(page, "Blueprint and files", document.bundle_digest());
  page.Leaf("dt", "Made");
  {
    const auto value = page.In("dd");
    Moment(page, look, TimeOf(document.make_time()));
    page.Text(absl::StrCat(" by ", document.author()));
  }
  Fact(page, "Reason", document.reason());
  Fact(page, "Agent's floor", document.floor_summary());
}

void NumberCell(Html& page, absl::string_view text) {
  page.Leaf("td", text, {{"class", "number"}});
}

void GroupHead(Html& page, const v1::ClearGroup& group) {
  const TablesTotal total = TotalOf(group);
  const auto row = page.In("tr", {{"class", "group"}});
  {
    const auto name = page.In("th", {{"scope", "rowgroup"}});
    page.Text(group.name());
    page.Leaf("span", absl::StrCat(" ", Counted(total.tables, "table", "tables")),
              {{"class", "dim"}});
  }
  NumberCell(page, total.RowsText());
  NumberCell(page, Bytes(total.bytes));
}

void ClearTable(Html& page, const v1::PlanDocument& document) {
  const TableNames names(document);
  const TablesTotal total = TotalOf(document);
  page.Leaf("h3", "Cleared");
  page.Leaf("p", absl::StrCat(total.CountedRows(), " in ", Counted(total.tables, "table", "tables"),
                              ", ", Bytes(total.bytes), ", as counted when the plan was made."));
  const auto table = page.In("table");
  page.Leaf("caption", "Tables to be cleared, by group", {{"class", "sr"}});
  {
    const auto head = page.In("thead");
    const auto row = page.In("tr");
    page.Leaf("th", "Table", {{"scope", "col"}});
    page.Leaf("th", "Rows", {{"scope", "col"}, {"class", "number"}});
    page.Leaf("th", "Size", {{"scope", "col"}, {"class", "number"}});
  }
  for (const v1::ClearGroup& group : document.groups()) {
    const auto body = page.In("tbody");
    GroupHead(page, group);
    for (const v1::ClearTable& each : group.tables()) {
      const auto row = page.In("tr");
      {
        const auto name = page.In("th", {{"scope", "row"}});
        page.Text(names.Of(each));
        const std::string how = StrategyText(each);
        if (!how.empty()) page.Leaf("span", absl::StrCat(" ", how), {{"class", "dim"}});
      }
      NumberCell(page, RowsText(each));
      NumberCell(page, Bytes(each.bytes()));
    }
  }
}

void KeptTables(Html& page, const v1::PlanDocument& document) {
  page.Leaf("h3", "Kept");
  if (document.kept_size() == 0) return page.Leaf("p", "No table is kept.");
  const TableNames names(document);
  const auto table = page.In("table");
  page.Leaf("caption", "Tables that are kept", {{"class", "sr"}});
  {
    const auto head = page.In("thead");
    const auto row = page.In("tr");
    page.Leaf("th", "Table", {{"scope", "col"}});
    page.Leaf("th", "Rows", {{"scope", "col"}, {"class", "number"}});
    page.Leaf("th", "Why", {{"scope", "col"}});
  }
  const auto body = page.In("tbody");
  for (const v1::KeptTable& each : document.kept()) {
    const auto row = page.In("tr");
    page.Leaf("th", names.Of(each), {{"scope", "row"}});
    NumberCell(page, RowsText(each));
    page.Leaf("td", absl::StrCat(each.why(),
                                 each.writes_declared() ? ", a recreate step writes to it" : ""));
  }
}

std::string StepText(const v1::RecreateStep& step) {
  std::string text =
      step.kind() == "sql"
          ? absl::StrCat(step.file(), ", ", Counted(step.statements(), "statement", "statements"))
          : absl::StrCat(Counted(step.rows(), "row", "rows"), " into ", step.table());
  if (step.writes_size() > 0) {
    absl::StrAppend(&text, ", writes to kept ",
                    Listed({step.writes().begin(), step.writes().end()}));
  }
  return text;
}

// Names, each with what it is about.
void Pairs(Html& page, const char* title, const char* none,
           const std::vector<std::pair<std::string, std::string>>& pairs) {
  page.Leaf("h3", title);
  if (pairs.empty()) return page.Leaf("p", none);
  const auto list = page.In("ul");
  for (const auto& [name, text] : pairs) {
    const auto item = page.In("li");
    if (text.empty()) {
      page.Text(name);
    } else {
      page.Leaf("strong", name);
      page.Text(absl::StrCat(": ", text));
    }
  }
}

std::string CacheText(const v1::CachePlan& cache) {
  if (!cache.skipped().empty()) return absl::StrCat("Not to be touched: ", cache.skipped(), ".");
  if (!cache.configured()) return "No cache is configured.";
  if (cache.mode() == "none") return "Not to be touched.";
  std::string text = absl::StrCat("Redis at ", cache.address(), ", ");
  if (cache.mode() == "prefixes") {
    absl::StrAppend(&text, "only keys that begin with ",
                    Listed({cache.prefixes().begin(), cache.prefixes().end()}));
  } else {
    absl::StrAppend(
        &text, cache.mode() == "all" ? "all databases" : absl::StrCat("database ", cache.db()));
  }
  absl::StrAppend(&text, ": ", Counted(cache.keys(), "key", "keys"));
  if (cache.queue_entries() > 0) {
    absl::StrAppend(&text, ", among them ", Counted(cache.queue_entries(), "queue", "queues"),
                    " with ", Counted(cache.queue_jobs(), "job", "jobs"));
  }
  return absl::StrCat(text, ".");
}

std::vector<std::pair<std::string, std::string>> HookPairs(
    const google::protobuf::RepeatedPtrField<v1::HookStep>& hooks) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const v1::HookStep& hook : hooks) {
    std::string text = hook.summary();
    if (!hook.required()) absl::StrAppend(&text, text.empty() ? "" : ", ", "optional");
    if (!hook.undo_summary().empty()) absl::StrAppend(&text, ", undo: ", hook.undo_summary());
    pairs.emplace_back(hook.name(), std::move(text));
  }
  return pairs;
}

void Consequences(Html& page, const v1::PlanDocument& document) {
  std::vector<std::pair<std::string, std::string>> effects;
  for (const v1::SideEffect& effect : document.side_effects()) {
    // A name that the text already says is not said twice.
    std::vector<std::string> names;
    for (const std::string& name : effect.objects()) {
      if (!absl::StrContains(effect.text(), name)) names.push_back(name);
    }
    effects.emplace_back(effect.text(), names.empty() ? "" : Listed(names));
  }
  if (!effects.empty()) Pairs(page, "Side effects", "", effects);
  std::vector<std::pair<std::string, std::string>> warnings;
  for (const v1::Problem& warning : document.warnings()) {
    warnings.emplace_back(warning.message(), warning.advice());
  }
  if (!warnings.empty()) Pairs(page, "Warnings of the plan", "", warnings);
}

}  // namespace

void PlanSection(Html& page, const Look& look, const ReportFacts& facts) {
  const v1::PlanDocument& document = facts.document;
  const auto section = page.In("section", {{"id", "plan"}, {"aria-labelledby", "plan-title"}});
  page.Leaf("h2", "What was planned", {{"id", "plan-title"}});
  Overview(page, look, document);
  ClearTable(page, document);
  KeptTables(page, document);
  std::vector<std::pair<std::string, std::string>> steps;
  for (const v1::RecreateStep& step : document.recreate()) {
    steps.emplace_back(step.name(), StepText(step));
  }
  Pairs(page, "Recreated", "Nothing: the cleared tables stay empty.", steps);
  page.Leaf("h3", "Cache");
  page.Leaf("p", CacheText(document.cache()));
  if (document.before_size() > 0) Pairs(page, "Before", "", HookPairs(document.before()));
  Pairs(page, "After", "No steps after the commit.", HookPairs(document.after()));
  Consequences(page, document);
}

}  // namespace resetctl::client

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/output/plan_tables.h"
#include "client/output/report_parts.h"

namespace resetctl::client {
namespace {

struct Line {
  std::string name;
  std::string more = {};
  int64_t rows = 0;
  bool estimated = false;
};

// Rows with bars, the longest of which is the largest number.
void Bars(Html& page, const char* title, const char* what, const char* kind,
          const std::vector<Line>& lines) {
  page.Leaf("h3", title);
  if (lines.empty()) return page.Leaf("p", "None.");
  int64_t most = 1;
  for (const Line& line : lines) most = std::max(most, line.rows);
  const auto table = page.In("table", {{"class", "bars"}});
  page.Leaf("caption", title, {{"class", "sr"}});
  {
    const auto head = page.In("thead");
    const auto row = page.In("tr");
    page.Leaf("th", what, {{"scope", "col"}});
    page.Leaf("th", "Rows", {{"scope", "col"}, {"class", "number"}});
  }
  const auto body = page.In("tbody");
  for (const Line& line : lines) {
    const auto row = page.In("tr");
    {
      const auto name = page.In("th", {{"scope", "row"}});
      page.Text(line.name);
      if (!line.more.empty()) page.Leaf("span", absl::StrCat(" ", line.more), {{"class", "dim"}});
      if (line.rows > 0) {
        Bar(page, 0, static_cast<double>(line.rows) / static_cast<double>(most), kind);
      }
    }
    page.Leaf("td", absl::StrCat(EstimateMark(line.estimated), Count(line.rows)),
              {{"class", "number"}});
  }
}

const char* MethodText(v1::ClearMethod method) {
  switch (method) {
    case v1::CLEAR_METHOD_UNTOUCHED:
      return "empty already";
    case v1::CLEAR_METHOD_TRUNCATED:
      return "truncated";
    case v1::CLEAR_METHOD_DELETED:
      return "deleted from";
    default:
      return "";
  }
}

// Of recreated rows the step's name says where they went.
std::vector<Line> Groups(const google::protobuf::RepeatedPtrField<v1::GroupResult>& groups,
                         bool tables) {
  std::vector<Line> lines;
  for (const v1::GroupResult& group : groups) {
    lines.push_back(
        {.name = group.name(),
         .more = tables && group.tables() > 0 ? Counted(group.tables(), "table", "tables") : "",
         .rows = group.rows(),
         .estimated = group.estimated()});
  }
  return lines;
}

std::vector<Line> Tables(const TableNames& names,
                         const google::protobuf::RepeatedPtrField<v1::TableResult>& tables) {
  std::vector<Line> lines;
  for (const v1::TableResult& table : tables) {
    lines.push_back({.name = names.Of(absl::string_view(table.table())),
                     .more = MethodText(table.method()),
                     .rows = table.rows(),
                     .estimated = table.estimated()});
  }
  return lines;
}

}  // namespace

void RowsSection(Html& page, const ReportFacts& facts) {
  const auto section = page.In("section", {{"id", "rows"}, {"aria-labelledby", "rows-title"}});
  page.Leaf("h2", "Rows", {{"id", "rows-title"}});
  if (!IsCommitted(facts)) return page.Leaf("p", WhyNothing(facts));
  const v1::RunResult& result = facts.run.result();
  if (facts.run.problem().reason() == v1::REASON_COMMIT_LOST) {
    page.Leaf("p", "As they were committed, before the database lost the commit.",
              {{"class", "warn"}});
  }
  const TableNames names(facts.document);
  page.Leaf("p", "Each of the drawings has its own scale.", {{"class", "dim"}});
  Bars(page, "Cleared, by group", "Group", "cleared", Groups(result.cleared(), true));
  Bars(page, "Recreated, by step", "Step", "recreated", Groups(result.recreated(), false));
  Bars(page, "The largest tables that were cleared", "Table", "cleared",
       Tables(names, result.largest()));
  if (result.tables_refilled() > 0) {
    Bars(page, "Cleared tables that had rows again at the commit", "Table", "recreated",
         Tables(names, result.refilled()));
    const int others = result.tables_refilled() - result.refilled_size();
    if (others > 0) {
      page.Leaf("p", absl::StrCat("And ", Counted(others, "smaller one", "smaller ones"), "."));
    }
  }
  if (result.rows_estimated()) {
    page.Leaf("p", "≈ is the server's estimate: too large to be counted.", {{"class", "dim"}});
  }
}

}  // namespace resetctl::client

#include "client/output/clear_section.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/output/plan_sections.h"
#include "client/output/plan_tables.h"
#include "client/output/table.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

// Groups of more tables than that show only so many of them, unless asked for all.
constexpr int kShownTables = 60;
// Below that many columns how a group is cleared, then its size, make way for names and rows.
constexpr int kRoomForAll = 72;
// Below that, of tables in detail, their sizes do.
constexpr int kRoomForSizes = 60;
// Of the server's lock table: from half of it on, others may run out of locks.
constexpr int kNearTheRoom = 2;

// "1 row " is as wide as "2 rows": digits stand below digits.
std::string RowsCell(const TablesTotal& total) {
  return Pad(total.CountedRows(), Width(total.RowsText()) + Width(" rows"));
}

std::string TablesCell(int64_t tables) { return Counted(tables, "table ", "tables"); }

// "truncate 3, delete 2"; the rest of the group is empty and stays untouched.
std::string Methods(const v1::ClearGroup& group) {
  int truncated = 0, deleted = 0, untouched = 0;
  for (const auto& table : group.tables()) {
    truncated += table.strategy() == v1::CLEAR_STRATEGY_TRUNCATE;
    deleted += table.strategy() == v1::CLEAR_STRATEGY_DELETE;
    untouched += table.strategy() == v1::CLEAR_STRATEGY_UNTOUCHED;
  }
  std::vector<std::string> parts;
  if (truncated > 0) parts.push_back(absl::StrCat("truncate ", truncated));
  if (deleted > 0) parts.push_back(absl::StrCat("delete ", deleted));
  if (parts.empty()) return untouched > 0 ? "empty" : "";
  return Listed(parts);
}

// Indexes of the group's tables, in their order; of a very large group the largest.
std::vector<int> ShownTables(const v1::ClearGroup& group) {
  std::vector<int> shown(group.tables_size());
  std::iota(shown.begin(), shown.end(), 0);
  if (group.tables_size() <= kShownTables) return shown;
  std::stable_sort(shown.begin(), shown.end(), [&](int a, int b) {
    const auto& left = group.tables(a);
    const auto& right = group.tables(b);
    if (left.uncountable() != right.uncountable()) return left.uncountable();
    return left.rows() > right.rows();
  });
  shown.resize(kShownTables);
  std::sort(shown.begin(), shown.end());
  return shown;
}

// "system_alerts 1,204 · business_metrics ≈10,000": a table and its rows stay on one line.
std::string TableList(const Look& look, const TableNames& names, const v1::ClearGroup& group) {
  static constexpr int kIndent = 4;
  std::vector<std::string> items;
  TablesTotal rest = TotalOf(group);
  for (const int index : ShownTables(group)) {
    const auto& table = group.tables(index);
    items.push_back(absl::StrCat(names.Of(table), " ", RowsText(table)));
    --rest.tables;
    rest.rows -= table.uncountable() ? 0 : table.rows();
    rest.uncountable -= table.uncountable();
  }
  std::string text = Flow(items, look.width, kIndent);
  if (rest.tables > 0) {
    absl::StrAppend(&text, "\n",
                    Wrap(absl::StrCat("and ", Counted(rest.tables, "smaller one", "smaller ones"),
                                      " with ", rest.CountedRows(), " (--tables shows each)"),
                         look.width, kIndent));
  }
  std::string out;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::string lead(line.empty() || line[0] == ' ' ? 0 : kIndent, ' ');
    absl::StrAppend(&out, Paint(look, Tone::kDim, absl::StrCat(lead, line)), "\n");
  }
  return out;
}

std::string GroupsWithNames(const Look& look, const v1::PlanDocument& document) {
  const TableNames names(document);
  const TablesTotal total = TotalOf(document);
  const bool narrow = look.width < kRoomForAll;
  Table table;
  table.Column("")
      .Column("", Table::Align::kRight)
      .Column("", Table::Align::kRight)
      .Column("", Table::Align::kRight, narrow)
      .Column("", Table::Align::kLeft, narrow)
      .Whole();
  table.Row({"CLEAR", TablesCell(total.tables), RowsCell(total), Bytes(total.bytes),
             Counted(document.groups_size(), "group", "groups")});
  for (const auto& group : document.groups()) {
    const TablesTotal sum = TotalOf(group);
    table.Row({absl::StrCat("  ", group.name()), TablesCell(sum.tables), RowsCell(sum),
               Bytes(sum.bytes), Methods(group)});
  }
  // Each group's line, then its tables: no number is hidden.
  const std::vector<std::string> lines = SectionLines(look, table, "CLEAR");
  std::string out = absl::StrCat(lines[0], "\n");
  for (int i = 0; i < document.groups_size(); ++i) {
    absl::StrAppend(&out, lines[i + 1], "\n", TableList(look, names, document.groups(i)));
  }
  return out;
}

struct DetailLine {
  std::string name, rows, bytes, text;
  Tone tone = Tone::kPlain;
};

// Names are never cut here: one that is too long stands on a line of its own.
std::string DetailLines(const Look& look, std::vector<DetailLine> lines) {
  static constexpr int kGap = 2;
  static constexpr int kLeastText = 18;
  int rows = 0, bytes = -kGap, name = 0;
  for (DetailLine& line : lines) {
    rows = std::max(rows, Width(line.rows));
    if (look.width < kRoomForSizes) line.bytes.clear();
    if (!line.bytes.empty()) bytes = std::max(bytes, Width(line.bytes));
  }
  const int numbers = kGap + rows + kGap + bytes + kGap;
  for (const DetailLine& line : lines) {
    const int columns = Width(line.name);
    if (columns + numbers + kLeastText <= look.width) name = std::max(name, columns);
  }
  std::string out;
  for (const DetailLine& line : lines) {
    const bool beside = Width(line.name) <= name;
    std::string text = absl::StrCat(Paint(look, line.tone, Pad(line.name, beside ? name : 0)),
                                    beside ? "" : absl::StrCat("\n", std::string(name, ' ')), "  ",
                                    PadLeft(line.rows, rows), "  ",
                                    bytes > 0 ? absl::StrCat(PadLeft(line.bytes, bytes), "  ") : "",
                                    Wrap(line.text, look.width, name + numbers));
    text.erase(text.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, text, "\n");
  }
  return out;
}

std::string GroupsWithStrategies(const Look& look, const v1::PlanDocument& document) {
  static const std::string unit(Width(" rows"), ' ');  // the groups' lines say it
  const TableNames names(document);
  const TablesTotal total = TotalOf(document);
  std::vector<DetailLine> lines = {
      {"CLEAR", RowsCell(total), Bytes(total.bytes),
       absl::StrCat(Counted(total.tables, "table", "tables"), ", ",
                    Counted(document.groups_size(), "group", "groups")),
       Tone::kBold}};
  for (const auto& group : document.groups()) {
    const TablesTotal sum = TotalOf(group);
    lines.push_back(
        {absl::StrCat("  ", group.name()), RowsCell(sum), Bytes(sum.bytes), Methods(group)});
    for (const auto& table : group.tables()) {
      lines.push_back({absl::StrCat("    ", names.Of(table)), absl::StrCat(RowsText(table), unit),
                       Bytes(table.bytes()), StrategyText(table)});
    }
  }
  return DetailLines(look, lines);
}

// What the signs at the numbers mean, large objects, sequences: one line each.
std::string Notes(const Look& look, const v1::PlanDocument& document) {
  const TableNames names(document);
  const TablesTotal total = TotalOf(document);
  std::string out;
  const auto line = [&](absl::string_view text) {
    absl::StrAppend(&out, "  ", Wrap(text, look.width, 4), "\n");
  };
  if (total.estimated) line("≈ is the server's estimate: too large to be counted");
  if (total.uncountable > 0) {
    line(absl::StrCat("uncountable: row security hides the rows of ",
                      Counted(total.uncountable, "table", "tables"),
                      total.uncountable < total.tables ? ", ≥ is without them" : ""));
  }
  int64_t objects = 0;
  std::vector<std::string> columns;
  for (const auto& column : document.large_objects()) {
    objects += column.objects();
    columns.push_back(absl::StrCat(names.Of(absl::string_view(column.table())), ".",
                                   column.column(), " ", Count(column.objects())));
  }
  if (!columns.empty()) {
    line(absl::StrCat(Counted(objects, "large object goes", "large objects go"),
                      " with the rows: ", Listed(columns)));
  }
  if (document.sequences_size() > 0) {
    line(absl::StrCat(Counted(document.sequences_size(), "sequence restarts", "sequences restart"),
                      ", in the same transaction"));
  }
  std::vector<std::string> shared;
  for (const auto& sequence : document.shared_sequences()) {
    shared.push_back(
        names.Of(absl::string_view(absl::StrCat(sequence.schema(), ".", sequence.name()))));
  }
  if (!shared.empty()) {
    line(absl::StrCat(Counted(document.shared_sequences_size(), "sequence goes", "sequences go"),
                      " on counting, kept tables use ", shared.size() == 1 ? "it" : "them",
                      " too: ", Listed(shared)));
  }
  return out;
}

std::string WhoWaits(const v1::ClearForecast& forecast) {
  const int all = forecast.untouched() + forecast.truncated() + forecast.deleted();
  const std::string tables =
      all == 1 ? "of the table" : absl::StrCat("of all ", Count(all), " tables");
  if (forecast.truncated() == 0) {
    return absl::StrCat("writers ", tables, " wait until the commit, readers not at all");
  }
  if (forecast.truncated() == all) {
    return absl::StrCat("readers and writers ", tables, " wait until the commit");
  }
  return absl::StrCat("readers of ", Counted(forecast.truncated(), "table", "tables"),
                      " wait, of the others not at all; writers of all");
}

}  // namespace

std::string ClearSection(const Look& look, const v1::PlanDocument& document, TableDetail detail) {
  return absl::StrCat(detail == TableDetail::kStrategies ? GroupsWithStrategies(look, document)
                                                         : GroupsWithNames(look, document),
                      Notes(look, document));
}

std::string ForecastSection(const Look& look, const v1::PlanDocument& document) {
  if (!document.has_forecast()) return "";
  const v1::ClearForecast& forecast = document.forecast();
  std::string text = absl::StrCat(
      WhoWaits(forecast), "\nwrites about ", Bytes(forecast.wal_bytes()), " of WAL, leaves ",
      forecast.dead_bytes() > 0 ? Bytes(forecast.dead_bytes()) : "nothing", " for VACUUM");
  std::string out = Field(look, "FORECAST", text, kLabel);
  if (forecast.lock_room() > 0 && forecast.lock_entries() * kNearTheRoom >= forecast.lock_room()) {
    const std::string locks =
        absl::StrCat("takes up to ", Count(forecast.lock_entries()), " of the server's ",
                     Count(forecast.lock_room()),
                     " lock entries: others may run out of them (max_locks_per_transaction)");
    absl::StrAppend(&out, std::string(kLabel, ' '),
                    Paint(look, Tone::kWarn, Wrap(locks, look.width, kLabel)), "\n");
  }
  return out;
}

}  // namespace resetctl::client

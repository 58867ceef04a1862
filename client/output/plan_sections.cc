#include "client/output/plan_sections.h"

#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

// The schema only where it says something: several are in scope, or it is not `public`.
class Names {
 public:
  explicit Names(const v1::PlanDocument& document) {
    for (const auto& group : document.groups()) {
      for (const auto& table : group.tables()) schemas_.insert(table.schema());
    }
    for (const auto& table : document.kept()) schemas_.insert(table.schema());
  }
  template <typename TableMessage>
  std::string Of(const TableMessage& table) const {
    const bool plain = schemas_.size() == 1 && table.schema() == "public";
    return plain ? table.name() : absl::StrCat(table.schema(), ".", table.name());
  }

 private:
  std::set<std::string> schemas_;
};

template <typename TableMessage>
std::string RowsOf(const TableMessage& table) {
  return absl::StrCat(table.estimated() ? "≈" : "", Count(table.rows()));
}

// Tables that are certainly empty are neither: the rest of the group.
std::string Strategies(const v1::ClearGroup& group) {
  int truncated = 0, deleted = 0;
  for (const auto& table : group.tables()) {
    truncated += table.strategy() == v1::CLEAR_STRATEGY_TRUNCATE;
    deleted += table.strategy() == v1::CLEAR_STRATEGY_DELETE;
  }
  std::vector<std::string> parts;
  if (truncated > 0) parts.push_back(absl::StrCat("truncate ", truncated));
  if (deleted > 0) parts.push_back(absl::StrCat("delete ", deleted));
  return parts.empty() ? "already empty" : Listed(parts);
}

// "system_alerts 1,204 · business_metrics 10,000": a table and its rows stay on one line.
std::string TableList(const Look& look, const Names& names, const v1::ClearGroup& group) {
  static constexpr int kIndent = 4;
  std::vector<std::string> items;
  for (const auto& table : group.tables()) {
    items.push_back(absl::StrCat(names.Of(table), " ", table.uncountable() ? "?" : RowsOf(table)));
  }
  std::string out;
  for (absl::string_view line : absl::StrSplit(Flow(items, look.width, kIndent), '\n')) {
    const std::string lead = out.empty() ? std::string(kIndent, ' ') : "";
    absl::StrAppend(&out, Paint(look, Tone::kDim, absl::StrCat(lead, line)), "\n");
  }
  return out;
}

// "1 row " is as wide as "2 rows": digits stand below digits.
std::string Rows(int64_t rows) { return Counted(rows, "row ", "rows"); }
std::string Tables(int64_t tables) { return Counted(tables, "table ", "tables"); }

// The section's lines; the first is its heading and begins with the label.
std::vector<std::string> Section(const Look& look, const Table& table, absl::string_view label) {
  const std::string rendered = table.Render(look);
  std::vector<std::string> lines = absl::StrSplit(rendered, '\n');
  lines.pop_back();
  lines[0] = absl::StrCat(Paint(look, Tone::kBold, label), lines[0].substr(label.size()));
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  return absl::StrCat(absl::StrJoin(lines, "\n"), "\n");
}

std::string Heading(const Look& look, absl::string_view label, absl::string_view text) {
  return Field(look, label, text, kLabel);
}

}  // namespace

int TablesTotal(const v1::PlanDocument& document) {
  int tables = 0;
  for (const auto& group : document.groups()) tables += group.tables_size();
  return tables;
}

std::string ClearSection(const Look& look, const v1::PlanDocument& document) {
  const Names names(document);
  Table table;
  table.Column("")
      .Column("", Table::Align::kRight)
      .Column("", Table::Align::kRight)
      .Column("", Table::Align::kRight, true)
      .Column("", Table::Align::kLeft, true);
  table.Row({"CLEAR", Tables(TablesTotal(document)), Rows(document.rows_total()),
             Bytes(document.bytes_total()), Counted(document.groups_size(), "group", "groups")});
  for (const auto& group : document.groups()) {
    int64_t rows = 0, bytes = 0;
    bool estimated = false;
    for (const auto& each : group.tables()) {
      rows += each.rows();
      bytes += each.bytes();
      estimated = estimated || each.estimated() || each.uncountable();
    }
    table.Row({absl::StrCat("  ", group.name()), Tables(group.tables_size()),
               absl::StrCat(estimated ? "≈" : "", Rows(rows)), Bytes(bytes), Strategies(group)});
  }
  // Each group's line, then its tables: no number is hidden.
  const std::vector<std::string> lines = Section(look, table, "CLEAR");
  std::string out = absl::StrCat(lines[0], "\n");
  for (int i = 0; i < document.groups_size(); ++i) {
    absl::StrAppend(&out, lines[i + 1], "\n", TableList(look, names, document.groups(i)));
  }
  return out;
}

std::string KeepSection(const Look& look, const v1::PlanDocument& document) {
  const Names names(document);
  int64_t rows = 0;
  bool estimated = false;
  for (const auto& table : document.kept()) {
    rows += table.rows();
    estimated = estimated || table.estimated();
  }
  std::string out;
  if (document.kept_size() == 0) {
    out = Heading(look, "KEEP", "nothing");
  } else {
    Table table;
    table.Column("").Column("", Table::Align::kRight).Column("").Wrapped();
    table.Row({"KEEP", absl::StrCat(estimated ? "≈" : "", Rows(rows)),
               absl::StrCat("in ", Counted(document.kept_size(), "table", "tables"))});
    for (const auto& kept : document.kept()) {
      table.Row({absl::StrCat("  ", names.Of(kept)),
                 absl::StrCat(kept.estimated() ? "≈" : "", Rows(kept.rows())),
                 absl::StrCat(kept.why(),
                              kept.writes_declared() ? ", a recreate step writes to it" : "")});
    }
    out = Joined(Section(look, table, "KEEP"));
  }
  if (document.out_of_scope_schemas_size() > 0) {
    const std::vector<std::string> schemas(document.out_of_scope_schemas().begin(),
                                           document.out_of_scope_schemas().end());
    absl::StrAppend(
        &out, "  ",
        Wrap(absl::StrCat("out of scope, never touched: ", Listed(schemas)), look.width, 4), "\n");
  }
  return out;
}

std::string RecreateSection(const Look& look, const v1::PlanDocument& document) {
  if (document.recreate_size() == 0) {
    return Heading(look, "RECREATE", "nothing: the cleared tables stay empty");
  }
  int64_t rows = 0, statements = 0;
  for (const auto& step : document.recreate()) {
    if (step.rows() > 0) rows += step.rows();
    statements += step.statements();
  }
  const std::string steps = Counted(document.recreate_size(), "step", "steps");
  const std::string sql = Counted(statements, "SQL statement", "SQL statements");
  Table table;
  table.Column("").Column("", Table::Align::kRight).Column("").Wrapped();
  if (rows > 0) {
    table.Row({"RECREATE", Rows(rows),
               absl::StrCat(statements > 0 ? absl::StrCat("and ", sql, ", ") : "", "in ", steps)});
  } else {
    table.Row({"RECREATE", "", absl::StrCat(sql, " in ", steps)});
  }
  for (const auto& step : document.recreate()) {
    // How many rows a SQL file makes is known when it has run.
    const bool file = step.kind() == "sql";
    std::string where = absl::StrCat("into ", step.table());
    if (file) {
      where =
          absl::StrCat(step.file(), ", ", Counted(step.statements(), "statement", "statements"));
    }
    if (step.writes_size() > 0) {
      absl::StrAppend(&where, ", writes to kept ",
                      Listed({step.writes().begin(), step.writes().end()}));
    }
    if (!step.set().empty()) absl::StrAppend(&where, "    (", step.set(), ")");
    table.Row({absl::StrCat("  ", step.name()), file ? "" : Rows(step.rows()), where});
  }
  return Joined(Section(look, table, "RECREATE"));
}

std::string ChecksSection(const Look& look, const v1::PlanDocument& document) {
  std::vector<std::string> names;
  for (const auto& check : document.checks()) names.push_back(check.name());
  names.push_back("kept tables untouched");
  return absl::StrCat(Paint(look, Tone::kBold, "CHECKS"), std::string(kLabel - 6, ' '),
                      Flow(names, look.width, kLabel), "\n");
}

std::string CacheSection(const Look& look, const v1::PlanDocument& document,
                         absl::string_view label) {
  const v1::CachePlan& cache = document.cache();
  if (!cache.skipped().empty()) {
    return Heading(look, label, absl::StrCat("will not be touched: ", cache.skipped()));
  }
  if (!cache.configured()) return Heading(look, label, "no cache configured");
  if (cache.mode() == "none") return Heading(look, label, "will not be touched");
  std::string text = absl::StrCat(
      cache.mode() == "all" ? "Redis, all databases" : absl::StrCat("Redis db ", cache.db()),
      cache.address().empty() ? "" : " at ", cache.address(), "    ",
      Counted(cache.keys(), "key", "keys"), "    ");
  if (cache.mode() == "prefixes") {
    std::vector<std::string> parts;
    for (int i = 0; i < cache.prefixes_size(); ++i) {
      parts.push_back(i < cache.prefix_keys_size()
                          ? absl::StrCat(cache.prefixes(i), "* ", Count(cache.prefix_keys(i)))
                          : absl::StrCat(cache.prefixes(i), "*"));
    }
    absl::StrAppend(&text, "only ", Listed(parts));
  } else {
    absl::StrAppend(&text, "flush (async)");
  }
  if (cache.queue_entries() > 0) {
    absl::StrAppend(&text, "; ", Count(cache.queue_entries()),
                    cache.queue_entries() == 1 ? " is a queue entry" : " are queue entries",
                    " and will be lost");
  }
  if (!cache.required()) absl::StrAppend(&text, "; a failure is only a warning");
  return Heading(look, label, text);
}

std::string HooksSection(const Look& look, const v1::PlanDocument& document) {
  const auto list = [&](const auto& hooks, bool undo) {
    std::string out;
    Table lines;
    lines.Column("").Column("").Wrapped();
    for (const auto& hook : hooks) {
      std::string note = hook.required() ? "" : "optional";
      if (undo && !hook.undo_summary().empty()) note = absl::StrCat("undo: ", hook.undo_summary());
      lines.Row({hook.name(), absl::StrCat(hook.summary(), note.empty() ? "" : ", ", note)});
    }
    return lines.Render(look, 2);
  };
  std::string out;
  if (document.before_size() > 0) {
    absl::StrAppend(&out, Heading(look, "BEFORE", Counted(document.before_size(), "step", "steps")),
                    list(document.before(), true));
  }
  if (document.after_size() > 0) {
    absl::StrAppend(&out, Heading(look, "AFTER", Counted(document.after_size(), "step", "steps")),
                    list(document.after(), false));
  }
  return out;
}

std::string SideEffectsSection(const Look& look, const v1::PlanDocument& document) {
  std::vector<std::string> lines;
  if (document.creates_resetctl_schema()) {
    lines.push_back("the schema resetctl is created (first run on this database)");
  }
  for (const auto& effect : document.side_effects()) {
    // A name that the text already says is not said twice.
    std::vector<std::string> names;
    for (const std::string& name : effect.objects()) {
      if (!absl::StrContains(effect.text(), name)) names.push_back(name);
    }
    lines.push_back(names.empty() ? effect.text()
                                  : absl::StrCat(effect.text(), ": ", Listed(names)));
  }
  if (lines.empty()) return "";
  std::string out = absl::StrCat(Paint(look, Tone::kBold, "SIDE EFFECTS"), "\n");
  for (const std::string& line : lines) {
    absl::StrAppend(&out, "  ", Wrap(line, look.width, 4), "\n");
  }
  return out;
}

std::string WarningsSection(const Look& look, const v1::PlanDocument& document) {
  if (document.warnings_size() == 0) return "";
  std::string out = absl::StrCat(Paint(look, Tone::kWarn, "WARNINGS"), "\n");
  for (const auto& warning : document.warnings()) {
    absl::StrAppend(&out, "  ", Wrap(warning.message(), look.width, 4), "\n");
    if (!warning.advice().empty()) {
      absl::StrAppend(&out, "    ", Wrap(warning.advice(), look.width, 4), "\n");
    }
  }
  return out;
}

}  // namespace resetctl::client

#include "client/output/plan_sections.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
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
  std::string out;
  int used = look.width;
  for (const auto& table : group.tables()) {
    const std::string item =
        absl::StrCat(names.Of(table), " ", table.uncountable() ? "?" : RowsOf(table));
    const int columns = Width(item);
    if (used + 3 + columns > look.width) {
      absl::StrAppend(&out, out.empty() ? "" : "\n", std::string(kIndent, ' '));
      used = kIndent;
    } else {
      absl::StrAppend(&out, " · ");
      used += 3;
    }
    absl::StrAppend(&out, item);
    used += columns;
  }
  std::string painted;
  size_t begin = 0;
  while (begin <= out.size()) {
    const size_t end = std::min(out.find('\n', begin), out.size());
    absl::StrAppend(&painted, Paint(look, Tone::kDim, out.substr(begin, end - begin)), "\n");
    begin = end + 1;
  }
  return painted;
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
  std::string out = Heading(look, "CLEAR",
                            absl::StrCat(Counted(TablesTotal(document), "table", "tables"), "    ",
                                         Counted(document.rows_total(), "row", "rows"), "    ",
                                         Bytes(document.bytes_total()), "    in ",
                                         Counted(document.groups_size(), "group", "groups")));
  Table lines;
  lines.Column("")
      .Column("", Table::Align::kRight)
      .Column("", Table::Align::kRight)
      .Column("", Table::Align::kRight, true)
      .Column("", Table::Align::kLeft, true);
  for (const auto& group : document.groups()) {
    int64_t rows = 0, bytes = 0;
    bool estimated = false;
    for (const auto& table : group.tables()) {
      rows += table.rows();
      bytes += table.bytes();
      estimated = estimated || table.estimated() || table.uncountable();
    }
    lines.Row({group.name(), Counted(group.tables_size(), "table", "tables"),
               absl::StrCat(estimated ? "≈" : "", Counted(rows, "row", "rows")), Bytes(bytes),
               Strategies(group)});
  }
  // Each group's line, then its tables: no number is hidden.
  const std::string rendered = lines.Render(look, 2);
  size_t begin = 0;
  for (const auto& group : document.groups()) {
    const size_t end = rendered.find('\n', begin);
    absl::StrAppend(&out, rendered.substr(begin, end - begin), "\n", TableList(look, names, group));
    begin = end + 1;
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
    out = Heading(look, "KEEP",
                  absl::StrCat(Counted(document.kept_size(), "table", "tables"), "    ",
                               estimated ? "≈" : "", Counted(rows, "row", "rows")));
    Table lines;
    lines.Column("").Column("", Table::Align::kRight).Column("");
    for (const auto& table : document.kept()) {
      lines.Row({names.Of(table), RowsOf(table),
                 absl::StrCat(table.why(),
                              table.writes_declared() ? ", a recreate step writes to it" : "")});
    }
    absl::StrAppend(&out, lines.Render(look, 2));
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
  std::vector<std::string> what;
  if (rows > 0) what.push_back(Counted(rows, "row", "rows"));
  if (statements > 0) what.push_back(Counted(statements, "SQL statement", "SQL statements"));
  std::string out = Heading(look, "RECREATE",
                            absl::StrCat(Counted(document.recreate_size(), "step", "steps"), "    ",
                                         what.empty() ? "" : Listed(what, " and ")));
  Table lines;
  lines.Column("")
      .Column("", Table::Align::kRight)
      .Column("")
      .Column("", Table::Align::kLeft, true);
  for (const auto& step : document.recreate()) {
    const bool sql = step.kind() == "sql";
    std::string where = sql ? step.file() : absl::StrCat("into ", step.table());
    if (step.writes_size() > 0) {
      absl::StrAppend(&where, ", writes to kept ",
                      Listed({step.writes().begin(), step.writes().end()}));
    }
    lines.Row({step.name(),
               sql ? Counted(step.statements(), "statement", "statements")
                   : Counted(step.rows(), "row", "rows"),
               where, step.set().empty() ? "" : absl::StrCat("(", step.set(), ")")});
  }
  absl::StrAppend(&out, lines.Render(look, 2));
  if (document.materialized_views_size() > 0) {
    absl::StrAppend(&out, "  ",
                    Wrap(absl::StrCat("refreshed: ", Listed({document.materialized_views().begin(),
                                                             document.materialized_views().end()})),
                         look.width, 4),
                    "\n");
  }
  return out;
}

std::string ChecksSection(const Look& look, const v1::PlanDocument& document) {
  std::vector<std::string> names;
  for (const auto& check : document.checks()) names.push_back(check.name());
  names.push_back("kept tables untouched");
  return Heading(look, "CHECKS", Listed(names, " · "));
}

std::string CacheSection(const Look& look, const v1::PlanDocument& document) {
  const v1::CachePlan& cache = document.cache();
  if (!cache.skipped().empty()) {
    return Heading(look, "CACHE", absl::StrCat("will not be touched: ", cache.skipped()));
  }
  if (!cache.configured()) return Heading(look, "CACHE", "no cache configured");
  if (cache.mode() == "none") return Heading(look, "CACHE", "will not be touched");
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
  return Heading(look, "CACHE", text);
}

std::string HooksSection(const Look& look, const v1::PlanDocument& document) {
  const auto list = [&](const auto& hooks, bool undo) {
    std::string out;
    Table lines;
    lines.Column("").Column("").Column("", Table::Align::kLeft, true);
    for (const auto& hook : hooks) {
      std::string note = hook.required() ? "" : "optional";
      if (undo && !hook.undo_summary().empty()) note = absl::StrCat("undo: ", hook.undo_summary());
      lines.Row({hook.name(), hook.summary(), note});
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
    std::string line = effect.text();
    if (effect.objects_size() > 0) {
      absl::StrAppend(&line, ": ", Listed({effect.objects().begin(), effect.objects().end()}));
    }
    lines.push_back(line);
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

#include "client/output/plan_sections.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/output/plan_tables.h"
#include "client/output/residue.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

// "1 row " is as wide as "2 rows": digits stand below digits.
std::string Rows(int64_t rows) { return Counted(rows, "row ", "rows"); }
std::string Joined(const std::vector<std::string>& lines) {
  return absl::StrCat(absl::StrJoin(lines, "\n"), "\n");
}

std::string Heading(const Look& look, absl::string_view label, absl::string_view text) {
  return Field(look, label, text, kLabel);
}

}  // namespace

std::vector<std::string> SectionLines(const Look& look, const Table& table,
                                      absl::string_view label) {
  const std::string rendered = table.Render(look);
  std::vector<std::string> lines = absl::StrSplit(rendered, '\n');
  lines.pop_back();
  lines[0] = absl::StrCat(Paint(look, Tone::kBold, label), lines[0].substr(label.size()));
  return lines;
}

std::string KeepSection(const Look& look, const v1::PlanDocument& document) {
  const TableNames names(document);
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
    table.Row({"KEEP", absl::StrCat(EstimateMark(estimated), Rows(rows)),
               absl::StrCat("in ", Counted(document.kept_size(), "table", "tables"))});
    for (const auto& kept : document.kept()) {
      table.Row({absl::StrCat("  ", names.Of(kept)),
                 absl::StrCat(EstimateMark(kept.estimated()), Rows(kept.rows())),
                 absl::StrCat(kept.why(),
                              kept.writes_declared() ? ", a recreate step writes to it" : "")});
    }
    out = Joined(SectionLines(look, table, "KEEP"));
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
  return Joined(SectionLines(look, table, "RECREATE"));
}

std::string ChecksSection(const Look& look, const v1::PlanDocument& document) {
  std::vector<std::string> names;
  for (const auto& check : document.checks()) names.push_back(check.name());
  names.push_back("kept tables untouched");
  return absl::StrCat(Paint(look, Tone::kBold, "CHECKS"), std::string(kLabel - 6, ' '),
                      Flow(names, look.width, kLabel), "\n");
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
    const std::string own = document.own_schema().empty() ? "resetctl" : document.own_schema();
    lines.push_back(absl::StrCat("the schema ", own, " is created (first run on this database)"));
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

std::string ResidueSection(const Look& look, const v1::PlanDocument& document,
                           absl::string_view elsewhere) {
  const Residues& residue = document.residue();
  if (residue.empty()) return "";
  const std::string heading = Heading(
      look, "RESIDUE", absl::StrCat("pg_stats still shows values of ", ResidueCount(residue)));
  const std::string names =
      elsewhere.empty() || IsShort(residue)
          ? NamesAndTexts(look, ResidueLines(residue, TableNames(document).plain()), 2)
          : absl::StrCat("  ", Wrap(absl::StrCat(elsewhere, " names them"), look.width, 2), "\n");
  return absl::StrCat(heading, names, "  ",
                      Wrap(ResidueRemedy(document.database().server_version()), look.width, 2),
                      "\n");
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

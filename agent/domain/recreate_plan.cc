#include "agent/domain/recreate_plan.h"

#include <algorithm>
#include <set>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "agent/domain/lookup_plan.h"
#include "agent/domain/names.h"
#include "agent/domain/table_patterns.h"
#include "proto/base/closest.h"
#include "proto/contract/csv_text.h"
#include "proto/contract/reasons.h"
#include "proto/contract/sql_splitter.h"

namespace resetctl::agent {
namespace {

const std::vector<contract::LookupSpec>* LookupsOf(const contract::RecreateStepSpec& step) {
  if (const auto* rows = std::get_if<contract::RowsStep>(&step.what)) return &rows->lookups;
  if (const auto* csv = std::get_if<contract::CsvStep>(&step.what)) return &csv->lookups;
  return nullptr;
}

// A header that is one long name was written with another delimiter than the step says.
std::string OtherDelimiter(const std::vector<std::string>& header, char delimiter) {
  if (header.size() != 1) return "";
  for (const char other : {';', '\t', '|', ','}) {
    if (other == delimiter || header[0].find(other) == std::string::npos) continue;
    return absl::StrCat("Say `delimiter: ",
                        other == '\t' ? "\"\\t\"" : absl::StrCat("'", std::string(1, other), "'"),
                        "` if that is what separates its values.");
  }
  return "";
}

class Describer {
 public:
  Describer(const TableIndex& index, const ClearPlan& plan, const contract::BundleFiles& bundle,
            const ColumnsByTable& columns, std::vector<v1::Problem>* problems)
      : index_(index), plan_(plan), bundle_(bundle), columns_(columns), problems_(problems) {}

  v1::RecreateStep Describe(size_t number, const contract::RecreateStepSpec& step) {
    const PlannedStep& planned = plan_.steps[number];
    v1::RecreateStep line;
    line.set_name(step.name);
    for (const Oid table : planned.writes) line.add_writes(index_.Name(table));
    if (planned.table != 0) line.set_table(index_.Name(planned.table));
    if (const auto* sql = std::get_if<contract::SqlStep>(&step.what)) {
      line.set_kind("sql");
      line.set_file(sql->file);
      line.set_rows(-1);
      const absl::StatusOr<std::vector<contract::SqlStatement>> statements =
          contract::SplitSql(Content(step, sql->file));
      if (statements.ok()) line.set_statements(static_cast<int>(statements->size()));
    } else if (const auto* rows = std::get_if<contract::RowsStep>(&step.what)) {
      line.set_kind("rows");
      line.set_rows(static_cast<int64_t>(rows->rows.size()));
      CheckRows(planned.table, *rows, step.location);
    } else {
      const auto& csv = std::get<contract::CsvStep>(step.what);
      line.set_kind("csv");
      line.set_file(csv.file);
      line.set_rows(CheckCsv(planned.table, csv, Content(step, csv.file)));
    }
    return line;
  }

 private:
  absl::string_view Content(const contract::RecreateStepSpec& step, const std::string& file) {
    const auto found = bundle_.files.find(file);
    if (found != bundle_.files.end()) return found->second;
    problems_->push_back(ProblemAt(step.location, v1::REASON_BLUEPRINT_INVALID,
                                   absl::StrCat("The bundle holds no file ", file, "."),
                                   "Plan again with the blueprint's whole folder."));
    return "";
  }

  void CheckRows(Oid table, const contract::RowsStep& step, const contract::Location& at) {
    std::vector<std::string> named;
    std::set<std::string> seen;
    for (const auto& row : step.rows) {
      for (const auto& [column, value] : row) {
        if (seen.insert(column).second) named.push_back(column);
      }
    }
    CheckColumns(table, named, step.lookups, at, v1::REASON_BLUEPRINT_INVALID, "");
    for (size_t i = 0; i < step.rows.size() && i < step.places.size(); ++i) {
      CheckKeysOfRow(step.rows[i], step.lookups, step.places[i]);
    }
  }

  // A row may leave a reference out, but not half of its key.
  void CheckKeysOfRow(const std::vector<std::pair<std::string, contract::RowValue>>& row,
                      const std::vector<contract::LookupSpec>& lookups,
                      const contract::Location& at) {
    for (const contract::LookupSpec& lookup : lookups) {
      std::vector<std::string> missing;
      for (const contract::LookupSpec::Key& key : lookup.by) {
        const auto is_it = [&key](const auto& value) { return value.first == key.field; };
        if (std::none_of(row.begin(), row.end(), is_it)) missing.push_back(key.field);
      }
      if (missing.empty() || missing.size() == lookup.by.size()) continue;
      problems_->push_back(
          ProblemAt(at, v1::REASON_BLUEPRINT_INVALID,
                    absl::StrCat("The row gives a part of the key of ", lookup.column, " only."),
                    absl::StrCat("Add ", Join(missing), ".")));
    }
  }

  int64_t CheckCsv(Oid table, const contract::CsvStep& csv, absl::string_view text) {
    const contract::CsvOutline outline = contract::OutlineCsv(text, csv.format);
    for (const contract::CsvProblem& problem : outline.problems) {
      problems_->push_back(
          ProblemAt({csv.file, problem.line, problem.column}, v1::REASON_CSV_INVALID,
                    absl::StrCat(csv.file, ": ", problem.what, "."), problem.advice));
    }
    CheckColumns(table, outline.header, csv.lookups, {csv.file, 1, 0}, v1::REASON_CSV_INVALID,
                 OtherDelimiter(outline.header, csv.format.delimiter));
    return outline.records;
  }

  void CheckColumns(Oid table, const std::vector<std::string>& named,
                    const std::vector<contract::LookupSpec>& lookups, const contract::Location& at,
                    v1::Reason reason, const std::string& advice) {
    const auto found = columns_.find(table);
    if (table == 0 || found == columns_.end()) return;
    std::set<std::string> keys;
    for (const contract::LookupSpec& lookup : lookups) {
      for (const contract::LookupSpec::Key& key : lookup.by) keys.insert(key.field);
    }
    for (const std::string& name : std::set<std::string>(named.begin(), named.end())) {
      const Column* column = found->second.Find(name);
      if (column != nullptr && !column->generated) continue;
      if (column == nullptr && keys.count(name) > 0) continue;
      const std::string hint =
          advice.empty() ? base::DidYouMean(name, found->second.Names()) : advice;
      problems_->push_back(ProblemAt(
          at, reason,
          column == nullptr
              ? absl::StrCat(index_.Name(table), " has no column ", BlueprintName(name), ".")
              : absl::StrCat("The column ", BlueprintName(name), " of ", index_.Name(table),
                             " is generated: it takes no values."),
          column != nullptr ? "Leave the column out."
          : hint.empty()    ? "Mend the name, or take the column out."
                            : hint));
      problems_->back().add_objects(absl::StrCat(index_.Name(table), ".", BlueprintName(name)));
    }
    (void)PlanLookups(index_, columns_, table, lookups, named, problems_);
  }

  const TableIndex& index_;
  const ClearPlan& plan_;
  const contract::BundleFiles& bundle_;
  const ColumnsByTable& columns_;
  std::vector<v1::Problem>* problems_;
};

}  // namespace

std::vector<Oid> TablesOfSteps(const TableIndex& index, const ClearPlan& plan,
                               const std::vector<contract::RecreateStepSpec>& steps) {
  std::set<Oid> tables;
  for (size_t i = 0; i < steps.size() && i < plan.steps.size(); ++i) {
    tables.insert(plan.steps[i].table);
    const std::vector<contract::LookupSpec>* lookups = LookupsOf(steps[i]);
    if (lookups == nullptr) continue;
    std::vector<v1::Problem> told_later;
    for (const contract::LookupSpec& lookup : *lookups) {
      tables.insert(TableLookedInto(index, lookup.table, &told_later));
    }
  }
  tables.erase(0);
  return {tables.begin(), tables.end()};
}

std::vector<v1::RecreateStep> DescribeSteps(const TableIndex& index, const ClearPlan& plan,
                                            const std::vector<contract::RecreateStepSpec>& steps,
                                            const contract::BundleFiles& bundle,
                                            const ColumnsByTable& columns,
                                            std::vector<v1::Problem>* problems) {
  Describer describer(index, plan, bundle, columns, problems);
  std::vector<v1::RecreateStep> lines;
  for (size_t i = 0; i < steps.size(); ++i) lines.push_back(describer.Describe(i, steps[i]));
  return lines;
}

}  // namespace resetctl::agent

#include "agent/domain/recreate_plan.h"

#include <algorithm>
#include <set>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/domain/names.h"
#include "agent/domain/table_patterns.h"
#include "proto/base/closest.h"
#include "proto/contract/reasons.h"
#include "proto/contract/sql_splitter.h"

namespace resetctl::agent {
namespace {

class Describer {
 public:
  Describer(const TableIndex& index, const ClearPlan& plan, const contract::BundleFiles& bundle,
            std::vector<v1::Problem>* problems)
      : index_(index), plan_(plan), bundle_(bundle), problems_(problems) {}

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
      std::vector<std::string> named;
      for (const auto& row : rows->rows) {
        for (const auto& [column, value] : row) named.push_back(column);
      }
      if (planned.table != 0) {
        CheckColumns(planned.table, named, step.location, v1::REASON_BLUEPRINT_INVALID);
      }
    } else {
      const auto& csv = std::get<contract::CsvStep>(step.what);
      line.set_kind("csv");
      line.set_file(csv.file);
      const CsvShape shape = ReadCsvShape(Content(step, csv.file));
      line.set_rows(shape.rows);
      contract::Location at;
      at.file = csv.file;
      at.line = 1;
      if (shape.quote_left_open) {
        problems_->push_back(ProblemAt(
            at, v1::REASON_CSV_INVALID, absl::StrCat(csv.file, " ends inside a quoted field."),
            "Close the quote, or double a quote that belongs to the text."));
      } else if (shape.rows == 0) {
        problems_->push_back(ProblemAt(at, v1::REASON_CSV_INVALID,
                                       absl::StrCat(csv.file, " holds no rows."),
                                       "Add rows below the header, or take the step out."));
      }
      if (planned.table != 0)
        CheckColumns(planned.table, shape.columns, at, v1::REASON_CSV_INVALID);
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

  void CheckColumns(Oid table, const std::vector<std::string>& named, const contract::Location& at,
                    v1::Reason reason) {
    const std::vector<std::string> columns = ColumnsOf(index_, table);
    if (columns.empty()) return;
    const std::set<std::string> there(columns.begin(), columns.end());
    for (const std::string& name : std::set<std::string>(named.begin(), named.end())) {
      if (there.count(name) > 0) continue;
      const std::string hint = base::DidYouMean(name, columns);
      problems_->push_back(ProblemAt(
          at, reason, absl::StrCat(index_.Name(table), " has no column ", BlueprintName(name), "."),
          hint.empty() ? "Mend the name, or take the column out." : hint));
      problems_->back().add_objects(absl::StrCat(index_.Name(table), ".", BlueprintName(name)));
    }
  }

  const TableIndex& index_;
  const ClearPlan& plan_;
  const contract::BundleFiles& bundle_;
  std::vector<v1::Problem>* problems_;
};

}  // namespace

std::vector<std::string> ColumnsOf(const TableIndex& index, Oid table) {
  const std::string prefix = absl::StrCat(index.Find(index.RootOf(table))->quoted, " column ");
  const std::vector<CatalogObject>& objects = index.catalog().objects;
  auto at = std::lower_bound(
      objects.begin(), objects.end(), prefix,
      [](const CatalogObject& object, const std::string& name) { return object.name < name; });
  std::vector<std::string> columns;
  for (; at != objects.end() && at->name.compare(0, prefix.size(), prefix) == 0; ++at) {
    std::string column = at->name.substr(prefix.size());
    if (column.size() > 1 && column[0] == '"') {
      column = absl::StrReplaceAll(column.substr(1, column.size() - 2), {{"\"\"", "\""}});
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

CsvShape ReadCsvShape(absl::string_view text) {
  CsvShape shape;
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  bool quoted = false;
  bool header = true;
  bool anything = false;  // in this record
  std::string field;
  const auto end_record = [&] {
    if (header) shape.columns.push_back(std::move(field));
    if (!header) ++shape.rows;
    header = false;
    anything = false;
    field.clear();
  };
  for (const char c : text) {
    if (c == '"') {
      if (!quoted && header && !field.empty()) field += '"';  // a doubled quote inside quotes
      quoted = !quoted;
      anything = true;
    } else if (!quoted && (c == '\n' || c == '\r')) {
      if (anything) end_record();
    } else if (!quoted && header && c == ',') {
      shape.columns.push_back(std::move(field));
      field.clear();
      anything = true;
    } else {
      anything = true;
      if (header) field += c;
    }
  }
  shape.quote_left_open = quoted;
  if (anything) end_record();
  return shape;
}

std::vector<v1::RecreateStep> DescribeSteps(const TableIndex& index, const ClearPlan& plan,
                                            const std::vector<contract::RecreateStepSpec>& steps,
                                            const contract::BundleFiles& bundle,
                                            std::vector<v1::Problem>* problems) {
  Describer describer(index, plan, bundle, problems);
  std::vector<v1::RecreateStep> lines;
  for (size_t i = 0; i < steps.size(); ++i) lines.push_back(describer.Describe(i, steps[i]));
  return lines;
}

}  // namespace resetctl::agent

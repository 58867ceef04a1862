#include "agent/postgres/row_loader.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/csv_text.h"
#include "agent/postgres/run_parameters.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

struct Place {
  std::string file;
  int line = 0;
  v1::Reason reason;  // of what is wrong with the text itself
};

absl::Status At(const Place& place, absl::string_view what, absl::string_view advice) {
  v1::Problem problem = contract::MakeProblem(place.reason, what, advice);
  problem.set_file(place.file);
  problem.set_line(place.line);
  return contract::ErrorFrom(problem);
}

// Every named column exists and may be given a value.
absl::Status CheckColumns(RunContext& run, const Relation& table,
                          const std::vector<std::string>& columns, const Place& place) {
  absl::StatusOr<Rows> rows = run.session.Query(
      "select a.attname, a.attgenerated <> '' from pg_catalog.pg_attribute a "
      "where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped order by a.attnum",
      {absl::StrCat(table.oid)});
  if (!rows.ok()) return rows.status();
  std::map<std::string, bool> generated;
  std::vector<std::string> names;
  for (int row = 0; row < rows->size(); ++row) {
    names.push_back(rows->Text(row, 0));
    generated[names.back()] = rows->Bool(row, 1);
  }
  for (const std::string& column : columns) {
    const auto found = generated.find(column);
    if (found == generated.end()) {
      const std::string hint = base::DidYouMean(column, names);
      return At(
          place, absl::StrCat("The table ", table.quoted, " has no column ", column, "."),
          hint.empty() ? absl::StrCat("Its columns: ", absl::StrJoin(names, ", "), ".") : hint);
    }
    if (found->second) {
      return At(place,
                absl::StrCat("The column ", column, " of ", table.quoted,
                             " is generated: it takes no values."),
                "Leave the column out.");
    }
  }
  return absl::OkStatus();
}

std::string ColumnList(Session& session, const std::vector<std::string>& columns) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(session.QuoteIdentifier(column));
  return absl::StrJoin(quoted, ", ");
}

// COPY refuses a table whose row security applies to us (0A000). There the rows go by way of a temporary table and an
// INSERT, under the policies, as the application's own would (POSTGRES.md, "Silent failures").
absl::StatusOr<int64_t> CopyUnderPolicies(RunContext& run, const Relation& table,
                                          const std::string& columns, absl::string_view options,
                                          absl::string_view data) {
  absl::Status status = run.session.Execute(absl::StrCat(
      "set local row_security = on; create temporary table resetctl_rows on commit drop as select ",
      columns, " from ", table.quoted, " with no data"));
  if (!status.ok()) return status;
  status = run.session.CopyIn(
      absl::StrCat("copy pg_temp.resetctl_rows (", columns, ") from stdin ", options), data);
  if (!status.ok()) return status;
  absl::StatusOr<Rows> inserted = run.session.Query(
      absl::StrCat("insert into ", table.quoted, " (", columns, ") overriding system value select ",
                   columns, " from pg_temp.resetctl_rows"));
  if (!inserted.ok()) return inserted.status();
  const int64_t rows = inserted->affected();
  status = run.session.Execute("drop table pg_temp.resetctl_rows; set local row_security = off");
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<int64_t> Copy(RunContext& run, const Relation& table,
                             const std::vector<std::string>& columns, bool header,
                             absl::string_view data, int64_t expected) {
  const std::string list = ColumnList(run.session, columns);
  const std::string options =
      absl::StrCat("with (format csv, encoding 'utf8', header ", header ? "true" : "false", ")");
  absl::StatusOr<int64_t> rows =
      table.row_security_hides
          ? CopyUnderPolicies(run, table, list, options, data)
          : run.session.CopyRowsIn(
                absl::StrCat("copy ", table.quoted, " (", list, ") from stdin ", options), data);
  if (!rows.ok()) {
    const v1::Reason reason = contract::ReasonOf(rows.status());
    if (reason != v1::REASON_PRIVILEGE_MISSING) return rows.status();
    v1::Problem problem = contract::ProblemOf(rows.status());
    problem.set_reason(v1::REASON_SQL_FAILED);
    return contract::ErrorFrom(problem);
  }
  if (*rows != expected) {
    return contract::Error(
        v1::REASON_SQL_FAILED,
        absl::StrCat("Of ", expected, " rows for ", table.quoted, " PostgreSQL took ", *rows, "."),
        "A trigger on the table leaves rows out.");
  }
  return rows;
}

// A server error of a COPY, with the place in the user's file.
absl::Status Placed(RunContext& run, const absl::Status& status, const Relation& table,
                    const std::string& file, int line) {
  v1::Problem problem = contract::ProblemOf(status);
  if (problem.file().empty()) problem.set_file(file);
  if (problem.line() == 0) problem.set_line(line);
  if (problem.objects().empty()) problem.add_objects(table.quoted);
  const ServerError& error = run.session.last_error();
  if (problem.advice().empty() && !error.constraint.empty()) {
    problem.set_advice(
        absl::StrCat("See the constraint ", error.constraint, " of ", table.quoted, "."));
  }
  return contract::ErrorFrom(problem);
}

}  // namespace

absl::StatusOr<int64_t> LoadCsv(RunContext& run, const Relation& table,
                                const contract::CsvStep& step) {
  const auto file = run.order.bundle->files.find(step.file);
  if (file == run.order.bundle->files.end()) {
    return contract::Error(v1::REASON_CSV_INVALID,
                           absl::StrCat("There is no file ", step.file, "."));
  }
  const absl::StatusOr<CsvText> csv = ReadCsvText(file->second, step.file);
  if (!csv.ok()) return csv.status();
  const absl::Status columns =
      CheckColumns(run, table, csv->header, {step.file, 1, v1::REASON_CSV_INVALID});
  if (!columns.ok()) return columns;
  absl::StatusOr<int64_t> rows = Copy(run, table, csv->header, true, csv->data, csv->records);
  if (rows.ok()) return rows;
  return Placed(run, rows.status(), table, step.file,
                contract::ProblemOf(rows.status()).sqlstate().empty()
                    ? 0
                    : run.session.last_error().copy_line);
}

absl::StatusOr<int64_t> LoadRows(RunContext& run, const Relation& table,
                                 const contract::RecreateStepSpec& spec,
                                 const contract::RowsStep& step) {
  const Place place = {spec.location.file, spec.location.line, v1::REASON_BLUEPRINT_INVALID};
  int64_t total = 0;
  // Rows with the same columns go together; each group keeps the blueprint's order.
  for (size_t first = 0; first < step.rows.size();) {
    std::vector<std::string> columns;
    for (const auto& [column, value] : step.rows[first]) columns.push_back(column);
    std::string data;
    size_t next = first;
    for (; next < step.rows.size(); ++next) {
      std::vector<std::string> names, fields;
      for (const auto& [column, value] : step.rows[next]) {
        names.push_back(column);
        if (value.null) {
          fields.emplace_back();
          continue;
        }
        const absl::StatusOr<std::string> text = FillIn(*run.order.parameters, value.text);
        if (!text.ok()) return Placed(run, text.status(), table, place.file, place.line);
        fields.push_back(CsvField(*text));
      }
      if (names != columns) break;
      absl::StrAppend(&data, absl::StrJoin(fields, ","), "\n");
    }
    const absl::Status checked = CheckColumns(run, table, columns, place);
    if (!checked.ok()) return checked;
    const absl::StatusOr<int64_t> rows =
        Copy(run, table, columns, false, data, static_cast<int64_t>(next - first));
    if (!rows.ok()) {
      v1::Problem problem =
          contract::ProblemOf(Placed(run, rows.status(), table, place.file, place.line));
      if (problem.file().empty()) problem.set_file(run.order.bundle->blueprint_path);
      return contract::ErrorFrom(problem);
    }
    total += *rows;
    first = next;
  }
  return total;
}

}  // namespace resetctl::agent

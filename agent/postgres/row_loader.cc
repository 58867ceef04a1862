#include "agent/postgres/row_loader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/domain/lookup_plan.h"
#include "agent/domain/table_index.h"
#include "agent/postgres/column_reader.h"
#include "agent/postgres/record_source.h"
#include "agent/postgres/row_staging.h"
#include "agent/postgres/step_settings.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr char kBeforeRows[] = "savepoint resetctl_rows";

// What a step's lookups mean, and the columns of every table concerned: read again under the locks.
struct Resolved {
  ColumnsByTable columns;
  std::vector<PlannedLookup> lookups;
};

absl::StatusOr<Resolved> Resolve(RunContext& run, const Relation& table,
                                 const std::vector<contract::LookupSpec>& lookups,
                                 const std::vector<std::string>& fields) {
  const TableIndex index(run.catalog, *run.order.blueprint);
  std::vector<v1::Problem> problems;
  std::vector<Oid> tables = {table.oid};
  for (const contract::LookupSpec& lookup : lookups) {
    tables.push_back(TableLookedInto(index, lookup.table, &problems));
  }
  if (!problems.empty()) return contract::ErrorFrom(problems.front());
  absl::Status status = UseSearchPath(run.session, {"pg_catalog"});
  if (!status.ok()) return status;
  absl::StatusOr<ColumnsByTable> columns = ReadColumns(run.session, tables);
  if (!columns.ok()) return columns.status();
  Resolved resolved = {*std::move(columns), {}};
  resolved.lookups = PlanLookups(index, resolved.columns, table.oid, lookups, fields, &problems);
  if (!problems.empty()) return contract::ErrorFrom(problems.front());
  status = UseSearchPath(run.session, run.order.blueprint->search_path);
  if (!status.ok()) return status;
  return resolved;
}

class Loader {
 public:
  // `before`: rows of the step that are loaded already.
  Loader(RunContext& run, const LoadTarget& target, RecordSource& source, StepNotes& notes,
         int64_t before)
      : run_(run), target_(target), source_(source), notes_(notes), before_(before) {}

  absl::StatusOr<int64_t> Load() {
    hidden_ = target_.table.row_security_hides;
    for (const PlannedLookup& lookup : target_.lookups) {
      hidden_ = hidden_ || run_.At(lookup.table).row_security_hides;
    }
    // COPY refuses a table whose row security applies to us (0A000). There the rows go in by INSERT, under the policies, as
    // the application's own would (POSTGRES.md, "Silent failures").
    if (hidden_) {
      const absl::Status follow = run_.session.Execute("set local row_security = on");
      if (!follow.ok()) return follow;
    }
    const bool staged = !target_.lookups.empty() || target_.table.row_security_hides;
    const absl::StatusOr<int64_t> rows = staged ? InsertStaged() : CopyInto();
    if (!rows.ok()) return rows.status();
    if (*rows != source_.records()) {
      return contract::Error(v1::REASON_SQL_FAILED,
                             absl::StrCat("Of ", source_.records(), " rows for ",
                                          target_.table.quoted, " PostgreSQL took ", *rows, "."),
                             "A trigger on the table leaves rows out.");
    }
    return rows;
  }

 private:
  absl::StatusOr<int64_t> Copy(const std::string& into) {
    source_.Rewind();
    const contract::CsvFormat& format = source_.format();
    const std::string statement =
        absl::StrCat("copy ", into, " from stdin with (format csv, encoding 'utf8', header ",
                     source_.header() ? "true" : "false", ", delimiter ",
                     run_.session.QuoteLiteral(std::string(1, format.delimiter)), ", null ",
                     run_.session.QuoteLiteral(format.null), ")");
    return run_.session.CopyRowsIn(statement, [this]() -> absl::StatusOr<absl::string_view> {
      const absl::Status going = run_.control.Check();
      if (!going.ok()) return going;
      if (source_.handed_out() > 0 && !looking_back_) {
        notes_.Progress(before_ + source_.handed_out());
      }
      return source_.NextChunk();
    });
  }

  absl::Status Savepoint() { return run_.session.Execute(kBeforeRows); }
  absl::StatusOr<int64_t> Released(int64_t rows) {
    const absl::Status status = run_.session.Execute("release savepoint resetctl_rows");
    if (!status.ok()) return status;
    return rows;
  }
  // The whole run is rolled back after this; until then the session answers again.
  bool BackToSavepoint() {
    return !run_.session.broken() && !run_.control.cancelled() &&
           run_.session.Execute("rollback to savepoint resetctl_rows").ok();
  }

  absl::StatusOr<int64_t> CopyInto() {
    std::vector<std::string> quoted;
    for (const std::string& field : source_.fields()) {
      quoted.push_back(run_.session.QuoteIdentifier(field));
    }
    const absl::Status status = Savepoint();
    if (!status.ok()) return status;
    const absl::StatusOr<int64_t> rows =
        Copy(absl::StrCat(target_.table.quoted, " (", absl::StrJoin(quoted, ", "), ")"));
    if (rows.ok()) return Released(*rows);
    const ServerError error = run_.session.last_error();
    if (contract::ProblemOf(rows.status()).sqlstate().empty()) return rows.status();
    if (error.copy_line > 0) return Placed(rows.status(), error, source_.RecordAt(error.copy_line));
    std::optional<int64_t> record;
    looking_back_ = true;
    if (OfOneRecord(error) && BackToSavepoint()) {
      RowStaging staging(run_, target_, source_);
      const absl::Status filled =
          staging.Fill([this](const std::string& into) { return Copy(into); });
      if (filled.ok() && staging.LookUp().ok()) record = staging.FindRecord(error);
    }
    return Placed(rows.status(), error, record.value_or(0));
  }

  absl::StatusOr<int64_t> InsertStaged() {
    RowStaging staging(run_, target_, source_);
    absl::Status status = staging.Fill([this](const std::string& into) { return Copy(into); });
    if (!status.ok()) {
      const ServerError error = run_.session.last_error();
      if (contract::ProblemOf(status).sqlstate().empty()) return status;
      numbered_ = true;
      return Placed(status, error, source_.RecordAt(error.copy_line));
    }
    status = staging.LookUp();
    if (!status.ok() && !contract::ProblemOf(status).sqlstate().empty()) {
      return Placed(status, run_.session.last_error(), 0);
    }
    if (status.ok()) status = Savepoint();
    if (!status.ok()) return status;
    const absl::StatusOr<int64_t> rows = staging.Insert();
    if (rows.ok()) return Released(*rows);
    const ServerError error = run_.session.last_error();
    std::optional<int64_t> record;
    if (OfOneRecord(error) && BackToSavepoint()) record = staging.FindRecord(error);
    return Placed(rows.status(), error, record.value_or(0));
  }

  // Integrity, data, what a trigger raises, a view's check option, a policy.
  bool OfOneRecord(const ServerError& error) const {
    for (const char* state : {"22", "23", "P0", "44"}) {
      if (absl::StartsWith(error.sqlstate, state)) return true;
    }
    return hidden_ && error.sqlstate == "42501";
  }

  // The field that the server's error is about. What a COPY's context says is translated: the name that stands first in it.
  std::optional<size_t> FieldOf(const ServerError& error) const {
    std::optional<size_t> field;
    size_t first = std::string::npos;
    for (size_t i = 0; i < source_.fields().size(); ++i) {
      const std::string& name = source_.fields()[i];
      if (!error.column.empty() && name == error.column) return i;
      const std::string known = numbered_ ? absl::StrCat("c", i) : name;
      const size_t at = error.copy_place.find(absl::StrCat(" ", known, ":"));
      if (at >= first) continue;
      first = at;
      field = i;
    }
    return field;
  }

  // `status` with what is known of its place in the user's file. DETAIL and CONTEXT stay here: they can carry what the
  // database holds (DESIGN §10).
  absl::Status Placed(const absl::Status& status, const ServerError& error, int64_t record) const {
    v1::Problem problem = contract::ProblemOf(status);
    // What the server says about these rows is about these rows, not about the agent's role.
    if (problem.reason() == v1::REASON_PRIVILEGE_MISSING) problem.set_reason(v1::REASON_SQL_FAILED);
    if (problem.objects().empty()) problem.add_objects(target_.table.quoted);
    if (problem.advice().empty() && !error.constraint.empty()) {
      problem.set_advice(
          absl::StrCat("See the constraint ", error.constraint, " of ", target_.table.quoted, "."));
    }
    const std::optional<size_t> field = FieldOf(error);
    if (field.has_value()) {
      problem.set_message(
          absl::StrCat(problem.message(), " (column ", source_.fields()[*field], ")"));
    }
    const RecordPlace place = source_.PlaceOf(std::max<int64_t>(record, 1), field);
    problem.set_file(place.file);
    if (record > 0) {
      problem.set_line(place.line);
      problem.set_column(place.column);
    }
    return contract::ErrorFrom(problem);
  }

  RunContext& run_;
  const LoadTarget target_;
  RecordSource& source_;
  StepNotes& notes_;
  const int64_t before_;
  bool hidden_ = false;
  bool looking_back_ = false;  // for the record of an error: no progress any more
  bool numbered_ = false;      // the server's names are RowStaging's c0, c1, ...
};

bool Holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The lookups that rows with these fields make. Rows among themselves find only what they all give.
std::vector<PlannedLookup> LookupsFor(const std::vector<PlannedLookup>& lookups,
                                      const std::vector<std::string>& fields,
                                      const ColumnsByTable& columns) {
  std::vector<PlannedLookup> made;
  for (PlannedLookup lookup : lookups) {
    const auto given = [&fields](const contract::LookupSpec::Key& key) {
      return Holds(fields, key.field);
    };
    if (!std::all_of(lookup.by.begin(), lookup.by.end(), given)) continue;
    for (const contract::LookupSpec::Key& key : lookup.by) {
      lookup.own = lookup.own && Holds(fields, key.column);
    }
    lookup.own = lookup.own && (Holds(fields, lookup.gives) ||
                                !columns.at(lookup.table).Find(lookup.gives)->fallback.empty());
    made.push_back(std::move(lookup));
  }
  return made;
}

}  // namespace

absl::StatusOr<int64_t> LoadCsv(RunContext& run, const Relation& table,
                                const contract::CsvStep& step, StepNotes& notes) {
  const auto file = run.order.bundle->files.find(step.file);
  if (file == run.order.bundle->files.end()) {
    return contract::Error(v1::REASON_CSV_INVALID,
                           absl::StrCat("There is no file ", step.file, "."));
  }
  absl::StatusOr<CsvSource> source = CsvSource::Open(step.file, file->second, step.format);
  if (!source.ok()) return source.status();
  const absl::StatusOr<Resolved> resolved = Resolve(run, table, step.lookups, source->fields());
  if (!resolved.ok()) return resolved.status();
  return Loader(run, {table, resolved->columns, resolved->lookups}, *source, notes, 0).Load();
}

absl::StatusOr<int64_t> LoadRows(RunContext& run, const Relation& table,
                                 const contract::RowsStep& step, StepNotes& notes) {
  std::vector<std::string> fields;
  for (const auto& row : step.rows) {
    for (const auto& [column, value] : row) {
      if (!Holds(fields, column)) fields.push_back(column);
    }
  }
  const absl::StatusOr<Resolved> resolved = Resolve(run, table, step.lookups, fields);
  if (!resolved.ok()) return resolved.status();
  int64_t total = 0;
  // Rows with the same columns go together; each group keeps the blueprint's order.
  while (static_cast<size_t>(total) < step.rows.size()) {
    RowsSource source(step, static_cast<size_t>(total), *run.order.parameters);
    const std::vector<PlannedLookup> lookups =
        LookupsFor(resolved->lookups, source.fields(), resolved->columns);
    const absl::StatusOr<int64_t> rows =
        Loader(run, {table, resolved->columns, lookups}, source, notes, total).Load();
    if (!rows.ok()) return rows.status();
    total += *rows;
    const absl::Status status = UseSearchPath(run.session, run.order.blueprint->search_path);
    if (!status.ok()) return status;
  }
  return total;
}

}  // namespace resetctl::agent

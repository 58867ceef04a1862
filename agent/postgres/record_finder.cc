#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/column_reader.h"
#include "agent/postgres/row_staging.h"
#include "agent/postgres/step_settings.h"

// Which record a server error means: the second half of RowStaging.
namespace resetctl::agent {

std::optional<int64_t> RowStaging::FindRecord(const ServerError& error) {
  if (error.sqlstate == "23503") {
    for (const ForeignKey& key : run_.catalog.foreign_keys) {
      if (key.from == target_.table.oid && key.name == error.constraint) {
        return FindMissingReference(key);
      }
    }
  }
  if (!UseSearchPath(run_.session, run_.order.blueprint->search_path).ok()) return std::nullopt;
  std::vector<std::string> names, values;
  for (size_t i = 0; i < inserted_.size(); ++i) {
    names.push_back(absl::StrCat("x", i));
    values.push_back(absl::StrCat("resetctl_row.x", i));
  }
  // The first INSERT fires what fires for each statement: such an error belongs to no record.
  const std::string block = absl::StrCat(
      "declare resetctl_row record; resetctl_found bigint := 0; begin "
      "begin insert into ",
      InsertedColumns(), "select ", absl::StrJoin(names, ", "),
      " from pg_temp.resetctl_ready where false; "
      "for resetctl_row in select * from pg_temp.resetctl_ready order by resetctl_record loop "
      "resetctl_found := resetctl_row.resetctl_record; insert into ",
      InsertedColumns(), "values (", absl::StrJoin(values, ", "),
      "); end loop; exception when others then "
      "raise exception using message = resetctl_found::pg_catalog.text; end; end");
  int64_t record = 0;
  const bool failed =
      !run_.session.Execute(absl::StrCat("do ", run_.session.QuoteLiteral(block))).ok();
  if (!failed || !absl::SimpleAtoi(run_.session.last_error().message, &record) || record == 0) {
    return std::nullopt;
  }
  return record;
}

std::optional<int64_t> RowStaging::FindMissingReference(const ForeignKey& key) {
  if (!UseSearchPath(run_.session, {"pg_catalog"}).ok()) return std::nullopt;
  const absl::StatusOr<ColumnsByTable> columns = ReadColumns(run_.session, {key.to});
  const auto ready = [this](const std::string& column) {
    for (size_t i = 0; i < inserted_.size(); ++i) {
      if (inserted_[i].name == column) return absl::StrCat("x", i);
    }
    return std::string();
  };
  std::vector<std::string> given, there, own;
  for (size_t i = 0; i < key.from_columns.size() && columns.ok(); ++i) {
    const std::string from = ready(key.from_columns[i]), to = ready(key.to_columns[i]);
    const auto table = columns->find(key.to);
    const Column* column =
        table == columns->end() ? nullptr : table->second.Find(key.to_columns[i]);
    if (from.empty() || column == nullptr) return std::nullopt;
    given.push_back(absl::StrCat("t.", from, " is not null"));
    there.push_back(absl::StrCat("r.", run_.session.QuoteIdentifier(column->name), " ",
                                 column->equality, " t.", from));
    if (!to.empty()) own.push_back(absl::StrCat("r.", to, " ", column->equality, " t.", from));
  }
  std::string sql =
      absl::StrCat("select min(t.resetctl_record) from pg_temp.resetctl_ready t where ",
                   absl::StrJoin(given, " and "), " and not exists (select from ",
                   Alone(run_.At(key.to)), " r where ", absl::StrJoin(there, " and "), ")");
  if (key.to == key.from) {
    if (own.size() != there.size()) return std::nullopt;  // made by defaults while inserted
    absl::StrAppend(&sql, " and not exists (select from pg_temp.resetctl_ready r where ",
                    absl::StrJoin(own, " and "), ")");
  }
  absl::StatusOr<Rows> rows = run_.session.Query(sql);
  if (!rows.ok() || rows->size() == 0 || rows->IsNull(0, 0)) return std::nullopt;
  return rows->Int(0, 0);
}

}  // namespace resetctl::agent

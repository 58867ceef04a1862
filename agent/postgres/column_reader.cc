#include "agent/postgres/column_reader.h"

#include <utility>

#include "agent/postgres/catalog_queries.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

absl::StatusOr<ColumnsByTable> ReadColumns(Session& session, const std::vector<Oid>& tables) {
  ColumnsByTable columns;
  if (tables.empty()) return columns;
  absl::StatusOr<Rows> rows = session.Query(sql::kColumns, {OidArray(tables)});
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->size(); ++row) {
    TableColumns& table = columns[static_cast<Oid>(rows->Int(row, 0))];
    Column column;
    column.name = rows->Text(row, 1);
    column.type = rows->Text(row, 2);
    column.collation = rows->Text(row, 3);
    column.generated = rows->Bool(row, 4);
    column.fallback = rows->Text(row, 5);
    column.equality = rows->Text(row, 6);
    if (rows->Bool(row, 7)) table.primary_key.push_back(column.name);
    table.columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace resetctl::agent

#include "agent/postgres/residue.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "agent/postgres/catalog_queries.h"

namespace resetctl::agent {

absl::StatusOr<std::vector<v1::Residue>> ReadResidue(Session& session, const TableIndex& index,
                                                     const ClearPlan& plan) {
  absl::StatusOr<Rows> rows = session.Query(sql::kStatistics, {OidArray(plan.cleared)});
  if (!rows.ok()) return rows.status();
  std::vector<v1::Residue> residue;
  for (int row = 0; row < rows->size(); ++row) {
    const Relation* table = index.Find(static_cast<Oid>(rows->Int(row, 0)));
    if (table == nullptr) continue;
    v1::Residue& line = residue.emplace_back();
    line.set_table(absl::StrCat(table->schema, ".", table->name));
    for (const std::string& column : rows->Array(row, 1)) line.add_columns(column);
  }
  std::sort(residue.begin(), residue.end(),
            [](const v1::Residue& a, const v1::Residue& b) { return a.table() < b.table(); });
  return residue;
}

}  // namespace resetctl::agent

#include "agent/postgres/late_rows.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/catalog_reader.h"
#include "agent/postgres/row_counter.h"

namespace resetctl::agent {
namespace {

// Exact rows of the cleared tables that have any.
absl::StatusOr<RowsBehind> CountNow(RunContext& run) {
  const absl::StatusOr<std::map<Oid, int64_t>> sizes =
      ReadHeapBytes(run.session, run.clear.cleared);
  if (!sizes.ok()) return sizes.status();
  for (const auto& [table, bytes] : *sizes) run.catalog.relations.at(table).heap_bytes = bytes;
  CountOptions here;
  here.connections = 1;
  RowCounter counter(run.session, base::Secret(), here);
  std::map<Oid, RowCount> counts;
  absl::Status counted = counter.CountTables(run.Index(), run.clear.cleared_roots, &counts);
  if (!counted.ok()) return counted;
  RowsBehind rows;
  for (const auto& [table, count] : counts) {
    if (count.rows > 0) rows[table] = count.rows;
  }
  return rows;
}

absl::StatusOr<std::vector<std::string>> OtherApplications(Session& session) {
  absl::StatusOr<Rows> rows = session.Query(
      "select distinct application_name from pg_catalog.pg_stat_activity "
      "where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid() "
      "and application_name <> '' and application_name not like 'resetctl%' order by 1 limit 10");
  if (!rows.ok()) return rows.status();
  std::vector<std::string> names;
  for (int row = 0; row < rows->size(); ++row) names.push_back(rows->Text(row, 0));
  return names;
}

}  // namespace

absl::StatusOr<RowsBehind> CountBehind(RunContext& run) {
  if (run.OnlyOwnStatementsRun()) return RowsBehind();  // proved empty by the clear
  return CountNow(run);
}

absl::Status FindLateRows(RunContext& run, const RowsBehind& behind, v1::RunResult* result) {
  const absl::StatusOr<RowsBehind> now = CountNow(run);
  if (!now.ok()) return now.status();
  std::vector<std::string> applications;
  for (const auto& [table, rows] : *now) {
    const auto ours = behind.find(table);
    const int64_t late = rows - (ours == behind.end() ? 0 : ours->second);
    if (late <= 0) continue;
    if (applications.empty()) {
      absl::StatusOr<std::vector<std::string>> found = OtherApplications(run.session);
      if (!found.ok()) return found.status();
      applications = *std::move(found);
    }
    v1::LateRows* line = result->add_late_rows();
    line->set_table(absl::StrCat(run.At(table).schema, ".", run.At(table).name));
    line->set_rows(late);
    line->mutable_applications()->Assign(applications.begin(), applications.end());
  }
  return absl::OkStatus();
}

}  // namespace resetctl::agent

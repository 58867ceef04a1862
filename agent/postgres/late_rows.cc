#include "agent/postgres/late_rows.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/catalog_reader.h"
#include "agent/postgres/row_counter.h"

namespace resetctl::agent {
namespace {

constexpr size_t kNamedTables = 5;

std::string NameOf(const RunContext& run, Oid table) {
  return absl::StrCat(run.At(table).schema, ".", run.At(table).name);
}

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

void SummarizeBehind(RunContext& run, const RowsBehind& behind) {
  std::vector<std::pair<int64_t, std::string>> sizes;  // largest first, then by name
  int64_t rows_in_all = 0;
  for (const auto& [table, rows] : behind) {
    sizes.emplace_back(-rows, NameOf(run, table));
    rows_in_all += rows;
  }
  std::sort(sizes.begin(), sizes.end());
  for (size_t i = 0; i < sizes.size() && i < kNamedTables; ++i) {
    v1::TableResult* table = run.result.add_refilled();
    table->set_table(sizes[i].second);
    table->set_rows(-sizes[i].first);
  }
  run.result.set_tables_refilled(static_cast<int32_t>(sizes.size()));
  run.result.set_rows_refilled(rows_in_all);
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
    line->set_table(NameOf(run, table));
    line->set_rows(late);
    line->mutable_applications()->Assign(applications.begin(), applications.end());
  }
  return absl::OkStatus();
}

}  // namespace resetctl::agent

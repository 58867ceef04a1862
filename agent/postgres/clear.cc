#include "agent/postgres/clear.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/step_settings.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

absl::Status ProveEmpty(RunContext& run) {
  // A heap without a block is certainly empty; only the others need a look.
  absl::StatusOr<Rows> filled = run.session.Query(
      "select c.oid from pg_catalog.pg_class c where c.oid = any ($1::oid[]) "
      "and c.relkind = 'r' and pg_catalog.pg_relation_size(c.oid) > 0 order by c.oid",
      {OidArray(run.clear.cleared)});
  if (!filled.ok()) return filled.status();
  std::vector<std::string> names;
  for (int row = 0; row < filled->size(); ++row) {
    const Relation& table = run.At(static_cast<Oid>(filled->Int(row, 0)));
    if (table.row_security_hides) {
      names.push_back(table.quoted);
      continue;
    }
    absl::StatusOr<Rows> any =
        run.session.Query(absl::StrCat("select exists (select from only ", table.quoted, ")"));
    if (!any.ok()) return any.status();
    if (any->Bool(0, 0)) names.push_back(table.quoted);
  }
  // Tables that came after the plan was read under the locks would be missing above: there are none, for the roots are locked.
  if (names.empty()) return absl::OkStatus();
  v1::Problem problem;
  problem.set_reason(v1::REASON_TABLE_NOT_EMPTY);
  problem.set_message(absl::StrCat("After clearing, ", absl::StrJoin(names, ", "),
                                   names.size() == 1 ? " still holds rows." : " still hold rows."));
  problem.set_advice("A trigger has filled them again: see the plan's side effects.");
  for (const std::string& name : names) problem.add_objects(name);
  return contract::ErrorFrom(problem);
}

absl::Status RestartSequences(RunContext& run) {
  std::string sql;
  for (const Oid oid : run.clear.restarted_sequences) {
    absl::StrAppend(&sql, "alter sequence ", run.At(oid).quoted, " restart; ");
  }
  return sql.empty() ? absl::OkStatus() : run.session.Execute(sql);
}

absl::Status Clear(RunContext& run) {
  std::vector<std::string> tables;
  for (const Oid oid : run.clear.truncate_roots) tables.push_back(Alone(run.At(oid)));
  // The application's own triggers may run: they find the search path that the blueprint names.
  absl::Status status = UseSearchPath(run.session, run.order.blueprint->search_path);
  if (!status.ok()) return status;
  status = run.session.Execute(
      absl::StrCat("truncate table ", absl::StrJoin(tables, ", "), " continue identity restrict"));
  if (!status.ok()) return status;
  status = RestartSequences(run);
  if (!status.ok()) return status;
  status = RunDeferredTriggers(run);
  if (!status.ok()) return status;
  status = ApplyStepSettings(run.session);
  if (!status.ok()) return status;
  return ProveEmpty(run);
}

void Summarize(RunContext& run) {
  std::vector<std::pair<int64_t, std::string>> sizes;
  int64_t total = 0;
  int tables = 0;
  for (const PlannedGroup& group : run.clear.groups) {
    v1::GroupResult* result = run.result.add_cleared();
    result->set_name(group.name);
    for (const Oid oid : group.tables) {
      const auto rows = run.rows.find(oid);
      const int64_t count = rows == run.rows.end() ? 0 : rows->second;
      result->set_rows(result->rows() + count);
      result->set_tables(result->tables() + 1);
      sizes.emplace_back(-count, absl::StrCat(run.At(oid).schema, ".", run.At(oid).name));
      total += count;
      ++tables;
    }
  }
  run.result.set_rows_cleared(total);
  run.result.set_tables_cleared(tables);
  std::sort(sizes.begin(), sizes.end());
  for (size_t i = 0; i < sizes.size() && i < 5; ++i) {
    v1::TableResult* table = run.result.add_largest();
    table->set_table(sizes[i].second);
    table->set_rows(-sizes[i].first);
    table->set_method(v1::CLEAR_METHOD_TRUNCATED);
  }
}

}  // namespace

absl::Status RunDeferredTriggers(RunContext& run) {
  absl::Status status = run.session.Execute("set constraints all immediate");
  if (!status.ok()) return status;
  // SET CONSTRAINTS means every constraint of that name, on whatever table, and fails when one of them is not deferrable;
  // it fails too in schemas that are closed to us (another session's temporary one, another application's).
  absl::StatusOr<Rows> names = run.session.Query(
      "select pg_catalog.format('%I.%I', n.nspname, c.conname) from pg_catalog.pg_constraint c "
      "join pg_catalog.pg_namespace n on n.oid = c.connamespace "
      "where pg_catalog.has_schema_privilege(n.oid, 'usage') and n.nspname !~ '^pg_' "
      "group by n.nspname, c.conname "
      "having pg_catalog.bool_and(c.condeferrable) and pg_catalog.bool_and(c.condeferred) "
      "order by 1");
  if (!names.ok()) return names.status();
  std::vector<std::string> deferred;
  for (int row = 0; row < names->size(); ++row) deferred.push_back(names->Text(row, 0));
  if (deferred.empty()) return absl::OkStatus();
  return run.session.Execute(
      absl::StrCat("set constraints ", absl::StrJoin(deferred, ", "), " deferred"));
}

absl::Status ClearTables(RunContext& run) {
  int64_t rows = 0;
  for (const auto& [oid, count] : run.rows) rows += count;
  StepNotes notes(run.observer, v1::STEP_KIND_CLEAR, "", rows, "rows");
  const absl::Status status = Clear(run);
  if (!status.ok()) return notes.Fail(status);
  Summarize(run);
  notes.Succeed(rows, absl::StrCat(run.result.tables_cleared(), " tables, ",
                                   run.clear.restarted_sequences.size(), " sequences restarted"));
  return absl::OkStatus();
}

}  // namespace resetctl::agent

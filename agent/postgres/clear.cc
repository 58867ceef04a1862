#include "agent/postgres/clear.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/large_objects.h"
#include "agent/postgres/residue.h"
#include "agent/postgres/sequences.h"
#include "agent/postgres/step_settings.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr size_t kTablesPerQuery = 200;
constexpr size_t kProofsPerQuery = 25;  // the price of a UNION grows with the square of its parts

absl::Status NotEmpty(const std::vector<std::string>& names) {
  v1::Problem problem;
  problem.set_reason(v1::REASON_TABLE_NOT_EMPTY);
  problem.set_message(absl::StrCat("After clearing, ", absl::StrJoin(names, ", "),
                                   names.size() == 1 ? " still holds rows." : " still hold rows."));
  problem.set_advice("A trigger has filled them again: see the plan's side effects.");
  for (const std::string& name : names) problem.add_objects(name);
  return contract::ErrorFrom(problem);
}

// A heap without a byte is certainly empty; the others are looked into. Tables that came after the plan was read under the
// locks would be missing here: there are none, for the roots are locked.
absl::Status ProveEmpty(RunContext& run) {
  const absl::StatusOr<std::map<Oid, int64_t>> sizes =
      ReadHeapBytes(run.session, run.clear.cleared);
  if (!sizes.ok()) return sizes.status();
  std::vector<std::string> names, looks;
  for (const auto& [oid, bytes] : *sizes) {
    if (bytes == 0) continue;
    if (run.At(oid).row_security_hides) {
      names.push_back(run.At(oid).quoted);
    } else {
      looks.push_back(absl::StrCat("select ", oid, "::oid where exists (select from only ",
                                   run.At(oid).quoted, ")"));
    }
  }
  for (size_t at = 0; at < looks.size(); at += kProofsPerQuery) {
    const auto first = looks.begin() + static_cast<std::ptrdiff_t>(at);
    const auto last =
        looks.begin() + static_cast<std::ptrdiff_t>(std::min(at + kProofsPerQuery, looks.size()));
    absl::StatusOr<Rows> filled = run.session.Query(absl::StrJoin(first, last, " union all "));
    if (!filled.ok()) return filled.status();
    for (int row = 0; row < filled->size(); ++row) {
      names.push_back(run.At(static_cast<Oid>(filled->Int(row, 0))).quoted);
    }
  }
  std::sort(names.begin(), names.end());
  return names.empty() ? absl::OkStatus() : NotEmpty(names);
}

absl::Status Truncate(RunContext& run) {
  if (run.clear_order.truncated.empty()) return absl::OkStatus();
  std::vector<std::string> tables;
  for (const Oid oid : run.clear_order.truncated) tables.push_back(Alone(run.At(oid)));
  return run.session.Execute(
      absl::StrCat("truncate table ", absl::StrJoin(tables, ", "), " continue identity restrict"));
}

// Constraints of a cycle are checked at the end of the statement, when all of its tables are empty.
std::string DeleteStatement(const RunContext& run, const std::vector<Oid>& component) {
  if (component.size() == 1) return absl::StrCat("delete from ", Alone(run.At(component[0])));
  std::vector<std::string> parts, counts;
  for (size_t i = 0; i < component.size(); ++i) {
    parts.push_back(
        absl::StrCat("d", i, " as (delete from ", Alone(run.At(component[i])), " returning 1)"));
    counts.push_back(absl::StrCat("(select pg_catalog.count(*) from d", i, ")"));
  }
  return absl::StrCat("with ", absl::StrJoin(parts, ", "), " select ", absl::StrJoin(counts, ", "));
}

// Deletes what is next, small tables together in one round trip, large ones alone, so that people see it going on.
class Deleter {
 public:
  Deleter(RunContext& run, StepNotes& notes, int64_t done)
      : run_(run), notes_(notes), done_(done) {}

  absl::Status Run() {
    for (const std::vector<Oid>& component : run_.clear_order.deleted) {
      int64_t rows = 0;
      for (const Oid oid : component) rows += RowsOf(oid);
      if (rows_ + rows > kRowsPerBatch || batch_.size() == kTablesPerQuery) {
        absl::Status flushed = Flush();
        if (!flushed.ok()) return flushed;
      }
      rows_ += rows;
      batch_.push_back(&component);
    }
    return Flush();
  }

 private:
  static constexpr int64_t kRowsPerBatch = 20000;

  int64_t RowsOf(Oid table) const {
    const auto count = run_.rows.find(table);
    return count == run_.rows.end() ? 0 : count->second.rows;
  }

  absl::Status Flush() {
    if (batch_.empty()) return absl::OkStatus();
    absl::Status going = run_.control.Check();
    if (!going.ok()) return going;
    std::vector<std::string> statements;
    for (const std::vector<Oid>* component : batch_) {
      statements.push_back(DeleteStatement(run_, *component));
    }
    const absl::StatusOr<std::vector<Rows>> answers =
        run_.session.QueryAll(absl::StrJoin(statements, "; "));
    if (!answers.ok()) return answers.status();
    for (size_t i = 0; i < answers->size() && i < batch_.size(); ++i) {
      Note(*batch_[i], (*answers)[i]);
    }
    notes_.Progress(done_, run_.At(batch_.back()->back()).quoted);
    batch_.clear();
    rows_ = 0;
    return absl::OkStatus();
  }

  // What was deleted, for the report: rows may have come since they were counted. That none is left is proved elsewhere.
  void Note(const std::vector<Oid>& component, const Rows& answer) {
    for (size_t i = 0; i < component.size(); ++i) {
      const int64_t rows =
          component.size() == 1 ? answer.affected() : answer.Int(0, static_cast<int>(i));
      run_.rows[component[i]] = {rows, false};
      done_ += rows;
    }
  }

  RunContext& run_;
  StepNotes& notes_;
  int64_t done_;
  std::vector<const std::vector<Oid>*> batch_;
  int64_t rows_ = 0;  // of `batch_`
};

int64_t TruncatedRows(const RunContext& run) {
  int64_t rows = 0;
  for (const Oid oid : run.clear_order.truncated) {
    const auto count = run.rows.find(oid);
    if (count != run.rows.end()) rows += count->second.rows;
  }
  return rows;
}

absl::Status Clear(RunContext& run, StepNotes& notes) {
  absl::Status status = CollectLargeObjects(run);
  // The application's own triggers may run: they find the search path that the blueprint names.
  if (status.ok()) status = UseSearchPath(run.session, run.order.blueprint->search_path);
  if (status.ok()) status = Truncate(run);
  if (status.ok()) status = Deleter(run, notes, TruncatedRows(run)).Run();
  if (status.ok()) status = RunDeferredTriggers(run);
  if (status.ok()) status = ApplyStepSettings(run.session);
  if (status.ok()) status = ProveEmpty(run);
  if (status.ok()) status = RestartMovedSequences(run);
  if (status.ok()) status = UnlinkLargeObjects(run);
  if (!status.ok()) return status;
  const absl::StatusOr<std::vector<v1::Residue>> residue =
      ReadResidue(run.session, run.Index(), run.clear);
  if (!residue.ok()) return residue.status();
  run.result.mutable_residue()->Assign(residue->begin(), residue->end());
  return absl::OkStatus();
}

v1::ClearMethod MethodOf(ClearStrategy strategy) {
  switch (strategy) {
    case ClearStrategy::kUntouched:
      return v1::CLEAR_METHOD_UNTOUCHED;
    case ClearStrategy::kTruncate:
      return v1::CLEAR_METHOD_TRUNCATED;
    case ClearStrategy::kDelete:
      return v1::CLEAR_METHOD_DELETED;
  }
  return v1::CLEAR_METHOD_UNSPECIFIED;
}

RowCount RowsOf(const RunContext& run, Oid table) {
  const auto rows = run.rows.find(table);
  return rows == run.rows.end() ? RowCount{} : rows->second;
}

template <typename Result>
void CountMethod(ClearStrategy strategy, Result* result) {
  switch (strategy) {
    case ClearStrategy::kUntouched:
      return result->set_tables_untouched(result->tables_untouched() + 1);
    case ClearStrategy::kTruncate:
      return result->set_tables_truncated(result->tables_truncated() + 1);
    case ClearStrategy::kDelete:
      return result->set_tables_deleted(result->tables_deleted() + 1);
  }
}

void Summarize(RunContext& run) {
  std::vector<std::tuple<int64_t, std::string, Oid>> sizes;
  for (const PlannedGroup& group : run.clear.groups) {
    v1::GroupResult* result = run.result.add_cleared();
    result->set_name(group.name);
    for (const Oid oid : group.tables) {
      const RowCount count = RowsOf(run, oid);
      result->set_rows(result->rows() + count.rows);
      result->set_estimated(result->estimated() || count.estimated);
      result->set_tables(result->tables() + 1);
      CountMethod(run.strategies.at(oid), result);
      sizes.emplace_back(-count.rows, absl::StrCat(run.At(oid).schema, ".", run.At(oid).name), oid);
    }
    run.result.set_rows_estimated(run.result.rows_estimated() || result->estimated());
  }
  for (const auto& [oid, strategy] : run.strategies) CountMethod(strategy, &run.result);
  run.result.set_rows_cleared(run.RowsInAll());
  run.result.set_tables_cleared(static_cast<int>(run.strategies.size()));
  std::sort(sizes.begin(), sizes.end());
  for (size_t i = 0; i < sizes.size() && i < 5; ++i) {
    v1::TableResult* table = run.result.add_largest();
    table->set_table(std::get<1>(sizes[i]));
    table->set_rows(-std::get<0>(sizes[i]));
    table->set_estimated(RowsOf(run, std::get<2>(sizes[i])).estimated);
    table->set_method(MethodOf(run.strategies.at(std::get<2>(sizes[i]))));
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
  StepNotes notes(run.observer, v1::STEP_KIND_CLEAR, "", run.RowsInAll(), "rows");
  const absl::Status status = Clear(run, notes);
  if (!status.ok()) return notes.Fail(status);
  Summarize(run);
  std::vector<std::string> how;
  const auto say = [&how](int tables, absl::string_view what) {
    if (tables > 0) how.push_back(absl::StrCat(Thousands(tables), " ", what));
  };
  say(run.result.tables_truncated(), "truncated");
  say(run.result.tables_deleted(), "deleted from");
  say(run.result.tables_untouched(), "empty already");
  notes.Succeed(run.RowsInAll(), absl::StrCat(Thousands(run.result.tables_cleared()),
                                              " tables: ", absl::StrJoin(how, ", ")));
  return absl::OkStatus();
}

}  // namespace resetctl::agent

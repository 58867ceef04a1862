#include "agent/postgres/sequences.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/transaction_sql.h"

namespace resetctl::agent {
namespace {

struct Users {
  bool ascending = true;
  bool hidden = false;                // row security hides rows of a table from us
  std::vector<std::string> extremes;  // one query a column
};

absl::Status MoveOne(Session& session, const std::string& sequence, Oid oid, const Users& users) {
  // Nothing to do unless the furthest value is at or beyond what nextval() would give.
  const absl::string_view extreme = users.ascending ? "max" : "min";
  const std::string sql = absl::StrCat(
      users.hidden ? "set local row_security = on; " : "", "select pg_catalog.setval(", oid,
      "::regclass, f.value::int8, true) from (select ", extreme, "(value) as value from (",
      absl::StrJoin(users.extremes, " union all "), ") e) f, ", sequence,
      " s where case when s.is_called then f.value ", users.ascending ? ">" : "<",
      " s.last_value else f.value ", users.ascending ? ">=" : "<=", " s.last_value end",
      users.hidden ? "; set local row_security = off" : "");
  return session.Execute(sql);
}

// Those of `sequences` that are not at their start. `known`: positions that need not be read.
absl::StatusOr<std::vector<Oid>> MovedSequences(RunContext& run, const std::vector<Oid>& sequences,
                                                SequencePositions known = {}) {
  std::vector<std::string> names;
  for (const Oid oid : sequences) {
    if (known.count(oid) == 0) names.push_back(run.At(oid).quoted);
  }
  absl::StatusOr<SequencePositions> positions = ReadSequencePositions(run.session, names);
  if (!positions.ok()) return positions.status();
  positions->merge(known);
  std::map<Oid, int64_t> starts;
  for (const Sequence& sequence : run.catalog.sequences) starts[sequence.oid] = sequence.start;
  std::vector<Oid> moved;
  for (const Oid oid : sequences) {
    const auto at = positions->find(oid);
    // Another sequence may have taken its name meanwhile.
    if (at == positions->end() || at->second.MovedFrom(starts.at(oid))) moved.push_back(oid);
  }
  return moved;
}

// One statement, so that one statement_timeout bounds it all.
absl::Status Restart(RunContext& run, const std::vector<Oid>& sequences) {
  if (sequences.empty()) return absl::OkStatus();
  std::string body = "begin ";
  for (const Oid oid : sequences) {
    absl::StrAppend(&body, "alter sequence ", run.At(oid).quoted, " restart; ");
  }
  absl::StrAppend(&body, "end");
  return run.session.Execute(absl::StrCat("do ", run.session.QuoteLiteral(body)));
}

// Those of clear.restarted_sequences that number one of the tables (roots of their trees).
std::vector<Oid> NumberingAny(const RunContext& run, const std::set<Oid>& roots) {
  const TableIndex index = run.Index();
  std::set<Oid> numbering;
  for (const Sequence& sequence : run.catalog.sequences) {
    for (const Oid user : sequence.used_by) {
      if (roots.count(index.RootOf(user)) > 0) numbering.insert(sequence.oid);
    }
  }
  std::vector<Oid> chosen;
  for (const Oid oid : run.clear.restarted_sequences) {
    if (numbering.count(oid) > 0) chosen.push_back(oid);
  }
  return chosen;
}

}  // namespace

absl::Status FindMovedSequences(RunContext& run, SequencePositions known) {
  absl::StatusOr<std::vector<Oid>> moved =
      MovedSequences(run, run.clear.restarted_sequences, std::move(known));
  if (!moved.ok()) return moved.status();
  run.moved_sequences = *std::move(moved);
  return absl::OkStatus();
}

absl::Status RestartSequences(RunContext& run) {
  return Restart(run,
                 run.OnlyOwnStatementsRun() ? run.moved_sequences : run.clear.restarted_sequences);
}

absl::Status RestartMovedSequences(RunContext& run) {
  std::vector<Oid> candidates = run.clear.restarted_sequences;
  if (!run.ClearFiresTriggers()) {
    std::set<Oid> held;
    for (const auto& [root, strategy] : run.strategies) {
      if (strategy != ClearStrategy::kUntouched) held.insert(root);
    }
    candidates = NumberingAny(run, held);
  }
  const absl::StatusOr<std::vector<Oid>> moved = MovedSequences(run, candidates);
  return moved.ok() ? Restart(run, *moved) : moved.status();
}

absl::Status MoveSequences(RunContext& run) {
  if (run.order.steps.empty()) return absl::OkStatus();
  // A sequence of tables without a row has nothing to move past.
  const absl::StatusOr<std::map<Oid, int64_t>> sizes =
      ReadHeapBytes(run.session, run.clear.cleared);
  if (!sizes.ok()) return sizes.status();
  const TableIndex index = run.Index();
  std::set<Oid> filled;
  for (const auto& [table, bytes] : *sizes) {
    if (bytes > 0) filled.insert(index.RootOf(table));
  }
  const std::vector<Oid> candidates = NumberingAny(run, filled);
  if (candidates.empty()) return absl::OkStatus();
  absl::StatusOr<Rows> columns = run.session.Query(sql::kSequenceColumns, {OidArray(candidates)});
  if (!columns.ok()) return columns.status();
  std::map<Oid, Users> sequences;
  for (int row = 0; row < columns->size(); ++row) {
    Users& users = sequences[static_cast<Oid>(columns->Int(row, 0))];
    users.ascending = columns->Bool(row, 3);
    users.hidden =
        users.hidden || run.At(static_cast<Oid>(columns->Int(row, 7))).row_security_hides;
    // Values outside the bounds cannot come from the sequence, so they cannot collide with it.
    const std::string column = columns->Text(row, 2);
    users.extremes.push_back(absl::StrCat(
        "select ", users.ascending ? "max(" : "min(", column, ")::numeric as value from ",
        columns->Bool(row, 6) ? "" : "only ", columns->Text(row, 1), " where ", column, " between ",
        columns->Text(row, 4), " and ", columns->Text(row, 5)));
  }
  for (const auto& [oid, users] : sequences) {
    absl::Status going = run.control.Check();
    if (!going.ok()) return going;
    absl::Status moved = MoveOne(run.session, run.At(oid).quoted, oid, users);
    if (!moved.ok()) return moved;
  }
  return absl::OkStatus();
}

}  // namespace resetctl::agent

#include "agent/postgres/recheck.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/domain/plan_document.h"
#include "agent/postgres/catalog_reader.h"
#include "agent/postgres/identity.h"
#include "agent/postgres/sequence_positions.h"
#include "agent/postgres/sequences.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr char kNewPlan[] = "Look at what changed, then make a new plan.";

absl::Status StaleIdentity(absl::string_view what, absl::string_view was, absl::string_view is) {
  return contract::Error(v1::REASON_STALE_IDENTITY,
                         absl::StrCat("This is not the database of the plan: its ", what, " was ",
                                      was, ", now ", is, "."),
                         "Check the agent's DATABASE_URL, then make a new plan.");
}

absl::Status CheckIdentity(RunContext& run) {
  const absl::StatusOr<v1::DatabaseIdentity> now = ReadIdentity(run.session);
  if (!now.ok()) return now.status();
  const v1::DatabaseIdentity& then = run.order.plan->database();
  if (now->system_identifier() != then.system_identifier()) {
    const auto told = [](const std::string& id) { return id.empty() ? "hidden" : id; };
    return StaleIdentity("system identifier", told(then.system_identifier()),
                         told(now->system_identifier()));
  }
  if (now->database_name() != then.database_name()) {
    return StaleIdentity("name", then.database_name(), now->database_name());
  }
  if (now->database_oid() != then.database_oid()) {
    return StaleIdentity("oid", absl::StrCat(then.database_oid()),
                         absl::StrCat(now->database_oid()));
  }
  // A plan made before the first claim knows no marker yet.
  if (!then.marker().empty() && now->marker() != then.marker()) {
    return StaleIdentity("marker", then.marker(), now->marker().empty() ? "none" : now->marker());
  }
  run.result.set_timeline(now->timeline());
  return absl::OkStatus();
}

// Somebody may have closed the database to writes since the plan. Our BEGIN says READ WRITE and would go over it.
absl::Status CheckWelcome(RunContext& run) {
  absl::StatusOr<Rows> closed = run.session.Query(
      "select pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool");
  if (!closed.ok()) return closed.status();
  if (!closed->Bool(0, 0)) return absl::OkStatus();
  return contract::Error(v1::REASON_DATABASE_READ_ONLY,
                         "Somebody has made this database read-only since the plan "
                         "(default_transaction_read_only = on).",
                         "Find out why; set it back to off when a reset is welcome.");
}

std::vector<CatalogObject> PlannedObjects(const v1::PlanDocument& plan) {
  std::vector<CatalogObject> objects;
  for (const v1::SchemaObject& object : plan.schema_objects()) {
    objects.push_back({"", object.name(), object.definition()});
  }
  return objects;
}

absl::Status Drifted(v1::Reason reason, absl::string_view what,
                     const std::vector<std::string>& lines, absl::string_view advice) {
  v1::Problem problem;
  problem.set_reason(reason);
  std::string message = absl::StrCat(what, ": ", lines.empty() ? "its definition" : lines.front());
  if (lines.size() > 1) absl::StrAppend(&message, ", and ", lines.size() - 1, " more");
  problem.set_message(absl::StrCat(message, "."));
  problem.set_advice(std::string(advice.data(), advice.size()));
  for (const std::string& line : lines) problem.add_objects(line);
  return contract::ErrorFrom(problem);
}

absl::Status CheckSchema(RunContext& run) {
  const v1::PlanDocument& plan = *run.order.plan;
  std::vector<CatalogObject> now = FingerprintObjects(run.catalog, *run.order.blueprint);
  if (Fingerprint(now) != plan.schema_fingerprint()) {
    return Drifted(v1::REASON_STALE_SCHEMA, "The schema has changed since the plan",
                   DescribeDrift(PlannedObjects(plan), now), kNewPlan);
  }
  if (!run.clear.problems.empty()) return contract::ErrorFrom(run.clear.problems.front());
  std::map<Oid, std::string> planned;
  for (const v1::ClearGroup& group : plan.groups()) {
    for (const v1::ClearTable& table : group.tables()) {
      planned[table.oid()] = absl::StrCat(table.schema(), ".", table.name());
    }
  }
  size_t found = 0;
  std::vector<std::string> lines;
  for (const PlannedGroup& group : run.clear.groups) {
    for (const Oid oid : group.tables) {
      if (planned.count(oid) > 0) {
        ++found;
      } else {
        lines.push_back(
            absl::StrCat(run.At(oid).quoted, ": is another table than the one planned"));
      }
    }
  }
  if (lines.empty() && found == planned.size()) return absl::OkStatus();
  return Drifted(v1::REASON_STALE_SCHEMA, "The tables to clear have changed since the plan", lines,
                 kNewPlan);
}

// Stale only when both limits are exceeded, in either direction. An estimate in the plan may be half off.
bool OutsideBand(const contract::EnvironmentRules& rules, const v1::ClearTable& planned,
                 const RowCount& now) {
  const int64_t difference = std::llabs(now.rows - planned.rows());
  int64_t percent = rules.row_growth_percent;
  if ((planned.estimated() || now.estimated) && percent < 50) percent = 50;
  return difference > rules.row_growth_rows &&
         static_cast<double>(difference) * 100 >
             static_cast<double>(planned.rows()) * static_cast<double>(percent);
}

std::string RowsIn(int64_t rows, bool estimated) {
  return absl::StrCat(estimated ? "≈" : "", Thousands(rows));
}

absl::Status CheckRows(RunContext& run) {
  std::vector<std::string> lines;
  for (const v1::ClearGroup& group : run.order.plan->groups()) {
    for (const v1::ClearTable& table : group.tables()) {
      const auto now = run.rows.find(table.oid());
      if (table.uncountable() || now == run.rows.end()) continue;
      if (OutsideBand(run.order.rules, table, now->second)) {
        lines.push_back(absl::StrCat(table.schema(), ".", table.name(), " had ",
                                     RowsIn(table.rows(), table.estimated()), " rows, now ",
                                     RowsIn(now->second.rows, now->second.estimated)));
      }
    }
  }
  if (lines.empty()) return absl::OkStatus();
  return Drifted(v1::REASON_STALE_ROWS,
                 absl::StrCat("The number of rows has left the band of the plan (",
                              run.order.rules.row_growth_percent, "% and ",
                              Thousands(run.order.rules.row_growth_rows), " rows)"),
                 lines, kNewPlan);
}

// References that the plan allows because no kept row uses them. The lock on the referenced table keeps new ones out: to
// insert one takes a row lock there.
absl::Status CheckNullReferences(RunContext& run, RowCounter& counter) {
  if (run.clear.null_references.empty()) return absl::OkStatus();
  std::map<Oid, int64_t> used;
  const TableIndex index = run.Index();
  absl::Status counted = counter.CountReferences(index, run.clear.null_references, &used);
  if (!counted.ok()) return counted;
  std::vector<std::string> lines;
  for (const ForeignKey& key : run.catalog.foreign_keys) {
    const auto rows = used.find(key.oid);
    if (rows == used.end() || rows->second == 0) continue;
    lines.push_back(absl::StrCat(run.At(key.from).quoted, ": ", Thousands(rows->second),
                                 rows->second == 1 ? " kept row points" : " kept rows point",
                                 " to ", run.At(key.to).quoted, " (", key.name, "), none before"));
  }
  if (lines.empty()) return absl::OkStatus();
  return Drifted(v1::REASON_STALE_ROWS, "Kept rows have come to reference cleared ones", lines,
                 kNewPlan);
}

absl::Status ReadSchema(RunContext& run, CatalogMemory& memory) {
  absl::StatusOr<KnownCatalog> known = ReadKnownCatalog(run.session, memory);
  if (!known.ok()) return known.status();
  run.catalog = std::move(known->catalog);
  run.catalog_state = std::move(known->state);
  run.clear = PlanClear(run.catalog, *run.order.blueprint, run.order.steps);
  absl::Status same = CheckSchema(run);
  if (!same.ok()) return same;
  run.strategies = PlannedStrategies(*run.order.plan);
  run.clear_order = OrderClear(run.Index(), run.clear, run.strategies);
  return absl::OkStatus();
}

// A size of its own for each table of a tree, so that one that shrank does not hide one that grew.
bool SameSizes(const TableIndex& index, Oid root, const std::map<Oid, int64_t>& now) {
  for (const Oid member : index.TreeOf(root)) {
    const auto found = now.find(member);
    if (found != now.end() && found->second != index.Find(member)->heap_bytes) return false;
  }
  return true;
}

// Takes over the sizes under the locks, counts what they show to have changed, and settles which tables are empty.
absl::Status MeasureAgain(RunContext& run, RowCounter& counter) {
  const absl::StatusOr<std::map<Oid, int64_t>> sizes =
      ReadHeapBytes(run.session, run.clear.cleared);
  if (!sizes.ok()) return sizes.status();
  std::vector<Oid> changed;
  {
    const TableIndex before = run.Index();
    for (const Oid root : run.clear.cleared_roots) {
      if (!SameSizes(before, root, *sizes)) changed.push_back(root);
    }
  }
  for (const auto& [table, bytes] : *sizes) run.catalog.relations.at(table).heap_bytes = bytes;
  const TableIndex index = run.Index();
  absl::Status counted = counter.CountTables(index, changed, &run.rows);
  if (!counted.ok()) return counted;
  SettleStrategies(index, run.clear.cleared_roots, &run.strategies);
  run.clear_order = OrderClear(index, run.clear, run.strategies);
  return absl::OkStatus();
}

std::vector<std::string> PlannedSequences(const RunContext& run) {
  std::vector<std::string> names;
  for (const v1::SequencePlan& sequence : run.order.plan->sequences()) {
    names.push_back(absl::StrCat(run.session.QuoteIdentifier(sequence.schema()), ".",
                                 run.session.QuoteIdentifier(sequence.name())));
  }
  return names;
}

}  // namespace

absl::Status LookAhead(RunContext& run, CatalogMemory& memory, const base::Secret& url,
                       const CountOptions& counting) {
  SequenceScout scout(
      url, counting.connections > 1 ? PlannedSequences(run) : std::vector<std::string>());
  absl::Status status = CheckIdentity(run);
  if (status.ok()) status = CheckWelcome(run);
  if (status.ok()) status = ReadSchema(run, memory);
  if (!status.ok()) return status;
  RowCounter counter(run.session, url, counting, [&run] { return run.control.Check(); });
  run.rows.clear();
  status = counter.CountTables(run.Index(), run.clear.cleared_roots, &run.rows);
  if (status.ok()) status = CheckRows(run);
  if (status.ok()) status = CheckNullReferences(run, counter);
  if (status.ok()) status = FindMovedSequences(run, scout.Take());
  return status;
}

absl::Status Recheck(RunContext& run) {
  absl::Status status = CheckIdentity(run);
  if (status.ok()) status = CheckWelcome(run);
  if (!status.ok()) return status;
  const absl::StatusOr<CatalogState> state = ReadCatalogState(run.session, run.catalog);
  if (!state.ok()) return state.status();
  CountOptions exact;
  exact.connections = 1;  // another one would wait for our own locks
  RowCounter counter(run.session, base::Secret(), exact, [&run] { return run.control.Check(); });
  if (*state != run.catalog_state) {
    CatalogMemory nothing;
    status = ReadSchema(run, nothing);
    if (!status.ok()) return status;
    run.rows.clear();
    status = counter.CountTables(run.Index(), run.clear.cleared_roots, &run.rows);
    if (!status.ok()) return status;
  }
  status = MeasureAgain(run, counter);
  if (status.ok()) status = CheckRows(run);
  if (status.ok()) status = CheckNullReferences(run, counter);
  return status;
}

absl::Status CheckSchemaUnchanged(RunContext& run) {
  if (run.OnlyOwnStatementsRun()) return absl::OkStatus();
  const absl::StatusOr<CatalogState> state = ReadCatalogState(run.session, run.catalog);
  if (!state.ok()) return state.status();
  if (*state == run.catalog_state) return absl::OkStatus();
  absl::StatusOr<Catalog> after = ReadCatalog(run.session, Sizes::kHeaps);
  if (!after.ok()) return after.status();
  const std::vector<CatalogObject> before = FingerprintObjects(run.catalog, *run.order.blueprint);
  const std::vector<CatalogObject> now = FingerprintObjects(*after, *run.order.blueprint);
  if (Fingerprint(before) == Fingerprint(now)) return absl::OkStatus();
  return Drifted(v1::REASON_SQL_FAILED, "A recreate step has changed the schema",
                 DescribeDrift(before, now),
                 "Leave schema changes to the application's migrations.");
}

}  // namespace resetctl::agent

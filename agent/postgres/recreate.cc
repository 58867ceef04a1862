#include "agent/postgres/recreate.h"

#include <algorithm>
#include <set>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "agent/postgres/clear.h"
#include "agent/postgres/row_loader.h"
#include "agent/postgres/run_parameters.h"
#include "agent/postgres/sequences.h"
#include "agent/postgres/sql_runner.h"
#include "agent/postgres/step_settings.h"
#include "agent/postgres/transaction_sql.h"
#include "proto/base/failpoint.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

absl::StatusOr<std::string> OwnSchemaState(Session& session) {
  absl::StatusOr<Rows> rows = session.QueryOwn(sql::kOwnSchemaState);
  if (!rows.ok()) return rows.status();
  return rows->Text(0, 0);
}

absl::Status OwnSchemaTouched(const std::string& schema, absl::string_view step) {
  v1::Problem problem =
      contract::MakeProblem(v1::REASON_KEPT_TABLE_TOUCHED,
                            absl::StrCat("'", step, "' has changed the schema ", schema,
                                         ", which holds the proof of what was done."),
                            absl::StrCat("Leave the schema ", schema, " alone."));
  problem.add_objects(schema);
  return contract::ErrorFrom(problem);
}

// Rows that this transaction has inserted so far, anywhere. For people: proofs do not rest on it.
absl::StatusOr<int64_t> InsertedSoFar(Session& session) {
  absl::StatusOr<Rows> rows = session.QueryOwn(
      "select coalesce(pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)), "
      "0)::int8 "
      "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', "
      "'resetctl')");
  if (!rows.ok()) return rows.status();
  return rows->Int(0, 0);
}

// A table whose policies bind us too refuses every statement under row_security = off. The steps fill it as the application
// would; what they changed is proved by locks and counters, not by what they can see.
absl::Status FollowPolicies(RunContext& run, const PlannedStep& planned) {
  bool bound = false;
  for (const Oid oid : run.clear.cleared) bound = bound || run.At(oid).row_security_hides;
  for (const Oid oid : planned.writes) bound = bound || run.At(oid).row_security_hides;
  return bound ? run.session.Execute("set local row_security = on") : absl::OkStatus();
}

// What the plan says of a rows or csv step; 0 where nobody knows.
int64_t PlannedRows(const RunContext& run, size_t step) {
  const int at = static_cast<int>(step);
  if (at >= run.order.plan->recreate_size()) return 0;
  return std::max<int64_t>(0, run.order.plan->recreate(at).rows());
}

absl::StatusOr<int64_t> RunWhat(RunContext& run, const contract::RecreateStepSpec& spec,
                                const PlannedStep& planned, StepNotes& notes) {
  if (const auto* sql = std::get_if<contract::SqlStep>(&spec.what)) {
    const auto file = run.order.bundle->files.find(sql->file);
    if (file == run.order.bundle->files.end()) {
      return contract::Error(v1::REASON_BLUEPRINT_INVALID,
                             absl::StrCat("There is no file ", sql->file, "."));
    }
    const absl::StatusOr<int64_t> before = InsertedSoFar(run.session);
    if (!before.ok()) return before.status();
    absl::Status done = FollowPolicies(run, planned);
    if (done.ok()) done = RunSqlFile(run, sql->file, file->second);
    if (!done.ok()) return done;
    const absl::StatusOr<int64_t> after = InsertedSoFar(run.session);
    if (!after.ok()) return after.status();
    return *after - *before;
  }
  const auto table = run.catalog.relations.find(planned.table);
  if (table == run.catalog.relations.end()) {
    return contract::Error(v1::REASON_NO_SUCH_TABLE,
                           absl::StrCat("The table of the step '", spec.name, "' is not there."));
  }
  if (const auto* rows = std::get_if<contract::RowsStep>(&spec.what)) {
    return LoadRows(run, table->second, *rows, notes);
  }
  return LoadCsv(run, table->second, std::get<contract::CsvStep>(spec.what), notes);
}

absl::StatusOr<int64_t> RunStep(RunContext& run, KeptProof& proof,
                                const contract::RecreateStepSpec& spec, const PlannedStep& planned,
                                StepNotes& notes) {
  absl::Status status = run.control.Check();
  if (!status.ok()) return status;
  status = ApplyStepSettings(run.session);
  if (!status.ok()) return status;
  const absl::StatusOr<std::string> before = OwnSchemaState(run.session);
  if (!before.ok()) return before.status();
  status = SetParameters(run.session, *run.order.parameters);
  if (!status.ok()) return status;
  status = UseSearchPath(run.session, run.order.blueprint->search_path);
  if (!status.ok()) return status;
  const absl::StatusOr<int64_t> rows = RunWhat(run, spec, planned, notes);
  if (!rows.ok()) return rows.status();
  status = ApplyStepSettings(run.session);
  if (!status.ok()) return status;
  const absl::StatusOr<std::string> after = OwnSchemaState(run.session);
  if (!after.ok() && (run.session.broken() || run.control.cancelled())) return after.status();
  if (!after.ok() || *after != *before)
    return OwnSchemaTouched(run.session.own_schema(), spec.name);
  const std::set<Oid> declared(planned.writes.begin(), planned.writes.end());
  status = proof.Check(run, spec.name, declared);
  if (!status.ok()) return status;
  return *rows;
}

absl::Status RefreshViews(RunContext& run) {
  for (const Oid oid : run.clear.refreshed_views) {
    absl::Status going = run.control.Check();
    if (!going.ok()) return going;
    StepNotes notes(run.observer, v1::STEP_KIND_RECREATE,
                    absl::StrCat("Refresh ", run.At(oid).schema, ".", run.At(oid).name), 0, "");
    absl::Status status = UseSearchPath(run.session, run.order.blueprint->search_path);
    if (status.ok()) {
      status = run.session.Execute(absl::StrCat(
          "set local row_security = on; refresh materialized view ", run.At(oid).quoted));
    }
    if (!status.ok()) return notes.Fail(status);
    notes.Succeed(0);
  }
  return ApplyStepSettings(run.session);
}

absl::Status Finish(RunContext& run, KeptProof& proof) {
  absl::Status status = UseSearchPath(run.session, run.order.blueprint->search_path);
  if (status.ok()) status = RunDeferredTriggers(run);
  if (status.ok()) status = ApplyStepSettings(run.session);
  if (status.ok()) status = proof.Check(run, "deferred triggers", {});
  if (status.ok()) status = MoveSequences(run);
  if (status.ok()) status = RefreshViews(run);
  return status;
}

}  // namespace

absl::Status Recreate(RunContext& run, KeptProof& proof) {
  const int64_t total = static_cast<int64_t>(run.order.steps.size());
  StepNotes whole(run.observer, v1::STEP_KIND_RECREATE, "", total, "steps");
  int64_t all_rows = 0;
  for (size_t i = 0; i < run.order.steps.size(); ++i) {
    const contract::RecreateStepSpec& spec = run.order.steps[i];
    StepNotes notes(run.observer, v1::STEP_KIND_RECREATE, spec.name, PlannedRows(run, i), "rows");
    const PlannedStep planned = i < run.clear.steps.size() ? run.clear.steps[i] : PlannedStep{};
    const absl::StatusOr<int64_t> rows = RunStep(run, proof, spec, planned, notes);
    if (!rows.ok()) return whole.Fail(notes.Fail(rows.status()));
    notes.SetTotal(*rows);
    notes.Succeed(*rows);
    base::Failpoint("agent.recreate.step");
    all_rows += *rows;
    v1::GroupResult* result = run.result.add_recreated();
    result->set_name(spec.name);
    result->set_rows(*rows);
    result->set_tables(planned.table == 0 ? 0 : 1);
    whole.Progress(static_cast<int64_t>(i) + 1);
  }
  run.result.set_rows_recreated(all_rows);
  const absl::Status finished = Finish(run, proof);
  if (!finished.ok()) return whole.Fail(finished);
  whole.Succeed(total, absl::StrCat(Thousands(all_rows), " rows"));
  return absl::OkStatus();
}

}  // namespace resetctl::agent

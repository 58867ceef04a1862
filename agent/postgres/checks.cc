#include "agent/postgres/checks.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "agent/postgres/clear.h"
#include "agent/postgres/recheck.h"
#include "agent/postgres/run_parameters.h"
#include "agent/postgres/step_settings.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr Oid kBoolean = 16;

absl::Status Failed(const contract::CheckSpec& check, absl::string_view why,
                    absl::string_view sqlstate = "") {
  v1::Problem problem = contract::MakeProblem(
      v1::REASON_CHECK_FAILED, absl::StrCat("The check '", check.name, "' failed: ", why, "."),
      "Look at the check and at the recreate steps.");
  problem.set_file(check.location.file);
  problem.set_line(check.location.line);
  problem.set_column(check.location.column);
  problem.set_sqlstate(std::string(sqlstate.data(), sqlstate.size()));
  problem.add_objects(check.name);
  return contract::ErrorFrom(problem);
}

// The extended protocol takes one statement and no more, and the parentheses let it only be a query.
absl::Status Ask(RunContext& run, const contract::CheckSpec& check) {
  std::string sql = check.sql;
  while (!sql.empty() && (sql.back() == ';' || sql.back() == '\n' || sql.back() == ' '))
    sql.pop_back();
  absl::StatusOr<Rows> rows =
      run.session.Query(absl::StrCat("select * from (\n", sql, "\n) resetctl_check limit 2"), {});
  if (!rows.ok()) {
    if (run.session.broken() || run.control.cancelled()) return rows.status();
    return Failed(check, run.session.last_error().message, run.session.last_error().sqlstate);
  }
  if (rows->columns() != 1) return Failed(check, "it answers more than one column, or none");
  if (rows->size() != 1) {
    return Failed(check, rows->size() == 0 ? "it answers no row" : "it answers more than one row");
  }
  if (rows->type(0) != kBoolean) return Failed(check, "its answer is no boolean");
  if (rows->IsNull(0, 0)) return Failed(check, "its answer is NULL");
  if (!rows->Bool(0, 0)) return Failed(check, "its answer is false");
  return absl::OkStatus();
}

absl::Status RunCheck(RunContext& run, const contract::CheckSpec& check) {
  absl::Status status = run.control.Check();
  if (!status.ok()) return status;
  // Rolling back gives every setting back too, read-only included.
  status = run.session.Execute("savepoint resetctl_check; set local transaction_read_only = on");
  if (!status.ok()) return status;
  const absl::Status answer = Ask(run, check);
  if (run.session.broken()) return answer;
  status =
      run.session.Execute("rollback to savepoint resetctl_check; release savepoint resetctl_check");
  return answer.ok() ? status : answer;
}

}  // namespace

absl::Status RunChecks(RunContext& run, KeptProof& proof) {
  const auto& checks = run.order.blueprint->verify;
  const int64_t total = static_cast<int64_t>(checks.size());
  StepNotes whole(run.observer, v1::STEP_KIND_CHECK, "", total, "checks");
  absl::Status status = ApplyStepSettings(run.session);
  if (status.ok()) status = SetParameters(run.session, *run.order.parameters);
  if (status.ok()) status = UseSearchPath(run.session, run.order.blueprint->search_path);
  if (status.ok()) status = run.session.Execute("set constraints all immediate");
  if (!status.ok()) return whole.Fail(status);
  int64_t passed = 0;
  for (const contract::CheckSpec& check : checks) {
    StepNotes notes(run.observer, v1::STEP_KIND_CHECK, check.name, 0, "");
    const absl::Status answer = RunCheck(run, check);
    if (!answer.ok()) return whole.Fail(notes.Fail(answer));
    notes.Succeed(0);
    v1::CheckResult* result = run.result.add_checks();
    result->set_name(check.name);
    result->set_passed(true);
    whole.Progress(++passed);
  }
  status = ApplyStepSettings(run.session);
  if (status.ok()) status = proof.Check(run, "the end of the run", {});
  if (status.ok()) status = CheckSchemaUnchanged(run);
  if (!status.ok()) return whole.Fail(status);
  run.result.set_kept_proved(true);
  whole.Succeed(passed, "kept tables proved unchanged");
  return absl::OkStatus();
}

}  // namespace resetctl::agent

#include "agent/postgres/reset_transaction.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/postgres/checks.h"
#include "agent/postgres/claim.h"
#include "agent/postgres/clear.h"
#include "agent/postgres/identity.h"
#include "agent/postgres/kept_proof.h"
#include "agent/postgres/late_rows.h"
#include "agent/postgres/ledger.h"
#include "agent/postgres/locks.h"
#include "agent/postgres/old_snapshots.h"
#include "agent/postgres/recheck.h"
#include "agent/postgres/recreate.h"
#include "agent/postgres/run_context.h"
#include "agent/postgres/step_settings.h"
#include "proto/base/clock.h"
#include "proto/base/failpoint.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

void SetDuration(absl::Duration duration, google::protobuf::Duration* out) {
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(duration);
  out->set_seconds(nanoseconds / 1000000000);
  out->set_nanos(static_cast<int32_t>(nanoseconds % 1000000000));
}

// Isolation and mode spelled out: a role's default of REPEATABLE READ would count on an old snapshot. The locks of target
// and run first; ledger and fence in statements of their own, with snapshots taken after them.
absl::Status Begin(RunContext& run, absl::string_view isolation = "read committed") {
  absl::Status status =
      run.session.Execute(absl::StrCat("begin isolation level ", isolation, " read write"));
  if (status.ok()) status = ApplyStepSettings(run.session);
  if (!status.ok()) return status;
  const absl::StatusOr<bool> target = TryTargetLock(run.session);
  if (!target.ok()) return target.status();
  if (!*target) {
    return contract::Error(v1::REASON_TARGET_BUSY, "Another run is at work on this target.",
                           "Wait until it has ended, then run again.");
  }
  const absl::StatusOr<bool> own = TryRunLock(run.session, run.order.run_id);
  if (!own.ok()) return own.status();
  if (!*own) {
    return contract::Error(v1::REASON_TARGET_BUSY, "This run's lock is held by another session.",
                           "Wait until its outcome is known.");
  }
  status = CheckFence(run.session, run.order);
  if (!status.ok()) return status;
  base::Failpoint("agent.fence.checked");
  const absl::StatusOr<TargetMarker> marker = ReadMarker(run.session);
  if (!marker.ok()) return marker.status();
  status = CheckMarker(*marker, run.order.plan->environment(), run.order.plan->target());
  if (!status.ok()) return status;
  const absl::StatusOr<std::string> position = ReadWalPosition(run.session);
  if (!position.ok()) return position.status();
  run.result.set_wal_lsn_before(*position);
  return absl::OkStatus();
}

// One snapshot for catalog and counts.
absl::Status LookAheadAlone(RunContext& run, CatalogMemory& memory, const base::Secret& url,
                            const CountOptions& counting) {
  absl::Status status = Begin(run, "repeatable read");
  if (status.ok()) status = LookAhead(run, memory, url, counting);
  const absl::Status ended =
      run.session.broken() ? absl::OkStatus() : run.session.Execute("rollback");
  return status.ok() ? ended : status;
}

absl::Status RecheckUnderLock(RunContext& run) {
  StepNotes notes(run.observer, v1::STEP_KIND_RECHECK, "", run.order.plan->rows_total(), "rows");
  absl::Status status = ApplyStepSettings(run.session);
  if (status.ok()) status = Recheck(run);
  if (!status.ok()) return notes.Fail(status);
  notes.Succeed(run.RowsInAll(), "schema, identity and sizes as planned");
  return absl::OkStatus();
}

absl::Status Work(RunContext& run, CatalogMemory& memory, const base::Secret& url,
                  const CountOptions& counting) {
  absl::Status status = RefusePooler(run.session);
  if (!status.ok()) return status;
  status = LookAheadAlone(run, memory, url, counting);
  if (!status.ok()) {
    // People see it where they look for it: as the re-check that failed.
    StepNotes notes(run.observer, v1::STEP_KIND_RECHECK, "", 0, "rows");
    return notes.Fail(status);
  }
  base::Failpoint("agent.lookahead.done");
  status = TakeLocks(run, url, [&run] { return Begin(run); });
  if (!status.ok()) return status;
  base::Failpoint("agent.locks.taken");
  status = RecheckUnderLock(run);
  if (!status.ok()) return status;
  base::Failpoint("agent.recheck.done");
  KeptProof proof(run);
  status = ClearTables(run);
  if (!status.ok()) return status;
  base::Failpoint("agent.clear.done");
  status = proof.Check(run, "clearing", {});
  if (!status.ok()) return status;
  base::Failpoint("agent.kept.proved");
  status = Recreate(run, proof);
  if (!status.ok()) return status;
  base::Failpoint("agent.recreate.done");
  return RunChecks(run, proof);
}

// EXCLUSIVE stops writers; only ACCESS EXCLUSIVE, on the truncated tables, stops readers too.
void Clock(RunContext& run, absl::Duration started) {
  const absl::Duration now = base::RealClock().Steady();
  SetDuration(now - run.locked_at, run.result.mutable_writers_waited());
  SetDuration(run.result.tables_closed() > 0 ? now - run.locked_at : absl::ZeroDuration(),
              run.result.mutable_readers_waited());
  SetDuration(now - started, run.result.mutable_took());
}

// The facts that outlive the transaction, the ledger's row among them.
absl::StatusOr<CommitFacts> PrepareCommit(RunContext& run, absl::Duration started) {
  absl::StatusOr<Rows> rows = run.session.Query(
      "select pg_catalog.pg_current_xact_id(), pg_catalog.pg_current_wal_insert_lsn(), "
      "pg_catalog.pg_backend_pid()");
  if (!rows.ok()) return rows.status();
  const absl::StatusOr<uint32_t> timeline = ReadTimeline(run.session);
  if (!timeline.ok()) return timeline.status();
  CommitFacts facts;
  facts.xid = rows->Text(0, 0);
  facts.wal_lsn = rows->Text(0, 1);
  facts.backend_pid = static_cast<int>(rows->Int(0, 2));
  facts.timeline = *timeline;
  run.result.set_fence(run.order.fence);
  run.result.set_xid(facts.xid);
  run.result.set_wal_lsn(facts.wal_lsn);
  run.result.set_timeline(facts.timeline);
  Clock(run, started);
  absl::Status written = WriteLedger(run.session, run.order, run.result);
  if (!written.ok()) return written;
  return facts;
}

ResetOutcome RolledBack(RunContext& run, const absl::Status& status) {
  ResetOutcome outcome;
  outcome.end = ResetEnd::kRolledBack;
  outcome.problem = contract::ProblemOf(status);
  if (run.control.cancelled() &&
      (outcome.problem.reason() == v1::REASON_CANCELLED || run.session.broken())) {
    outcome.problem = contract::ProblemOf(run.control.Check());
  } else if (outcome.problem.reason() == v1::REASON_CANCELLED) {
    outcome.problem.set_reason(v1::REASON_DATABASE_ERROR);
    outcome.problem.set_message(
        absl::StrCat("A statement was cancelled on the server, or ran longer than ",
                     absl::FormatDuration(kStatementBudget), "."));
  }
  // The COMMIT was never sent: whatever becomes of the connection, the server rolls back.
  if (!run.session.broken() && run.session.in_transaction()) (void)run.session.Execute("rollback");
  return outcome;
}

ResetOutcome InDoubt(absl::string_view why) {
  ResetOutcome outcome;
  outcome.end = ResetEnd::kInDoubt;
  outcome.problem = contract::MakeProblem(
      v1::REASON_OUTCOME_UNKNOWN, absl::StrCat("The answer to COMMIT was lost: ", why),
      "Wait: the agent asks the database itself what became of it.");
  return outcome;
}

ResetOutcome Commit(RunContext& run, absl::Duration started) {
  StepNotes notes(run.observer, v1::STEP_KIND_COMMIT, "", 0, "");
  base::Failpoint("agent.checks.done");
  const absl::StatusOr<CommitFacts> facts = PrepareCommit(run, started);
  if (!facts.ok()) return RolledBack(run, notes.Fail(facts.status()));
  base::Failpoint("agent.ledger.written");
  const absl::Status recorded = run.observer.OnAboutToCommit(*facts);
  if (!recorded.ok()) return RolledBack(run, notes.Fail(recorded));
  base::Failpoint("agent.commit.journaled");
  if (!run.control.PassPointOfNoReturn()) return RolledBack(run, notes.Fail(run.control.Check()));
  base::Failpoint("agent.commit.before");
  const absl::Status sent = run.session.Send("commit");
  base::Failpoint("agent.commit.sent");
  absl::StatusOr<Rows> answer = sent.ok() ? run.session.Receive() : absl::StatusOr<Rows>(sent);
  base::Failpoint("agent.commit.answered");
  const std::string state = run.session.last_error().sqlstate;
  if (!answer.ok() &&
      (run.session.broken() || state.empty() || state == "40003" || state == "08007")) {
    ResetOutcome outcome = InDoubt(contract::ProblemOf(answer.status()).message());
    (void)notes.Fail(contract::ErrorFrom(outcome.problem));
    return outcome;
  }
  if (!answer.ok()) return RolledBack(run, notes.Fail(answer.status()));
  if (answer->command() != "COMMIT") {
    return RolledBack(run, notes.Fail(contract::Error(v1::REASON_DATABASE_ERROR,
                                                      "The server answered COMMIT with a rollback.",
                                                      "Look at the server's log.")));
  }
  Clock(run, started);
  notes.Succeed(0, absl::StrCat("transaction ", facts->xid));
  ResetOutcome outcome;
  outcome.end = ResetEnd::kCommitted;
  outcome.result = std::move(run.result);
  return outcome;
}

// What others do right after the commit harms nothing that was proved, and people want to know it.
void LookAround(RunContext& run, const RowsBehind& behind, v1::RunResult* result) {
  absl::Status looked = run.session.Execute(
      "begin isolation level read committed read only; set local row_security = off; "
      "set local statement_timeout = '30s'; set local lock_timeout = '2s'; "
      "set local search_path = pg_catalog, pg_temp");
  if (looked.ok()) {
    const absl::StatusOr<std::string> position = ReadWalPosition(run.session);
    if (position.ok()) result->set_wal_lsn_after(*position);
    looked = position.status();
  }
  if (looked.ok()) looked = FindLateRows(run, behind, result);
  if (looked.ok()) looked = FindOldSnapshots(run, result);
  if (!run.session.broken() && run.session.in_transaction()) (void)run.session.Execute("rollback");
  if (looked.ok()) return;
  v1::Problem warning = contract::ProblemOf(looked);
  warning.set_message(
      absl::StrCat("What others did right after the commit is not known: ", warning.message()));
  *result->add_warnings() = std::move(warning);
}

}  // namespace

ResetOutcome RunResetTransaction(const DatabaseAccess& access, const ResetOrder& order,
                                 StepObserver& observer, RunControl& control, CatalogMemory& memory,
                                 const CountOptions& counting, Backend* lost) {
  const absl::Duration started = base::RealClock().Steady();
  absl::StatusOr<std::unique_ptr<Session>> session = access.Connect();
  if (!session.ok()) {
    ResetOutcome outcome;
    outcome.problem = contract::ProblemOf(session.status());
    return outcome;
  }
  RunContext run{**session, order, observer, control, {}, {}};
  RunControl::Watch watch(control, **session);
  ResetOutcome outcome;
  const absl::Status done = Work(run, memory, access.url, counting);
  absl::StatusOr<RowsBehind> behind = done.ok() ? CountBehind(run) : done;
  if (behind.ok()) {
    SummarizeBehind(run, *behind);
    outcome = Commit(run, started);
    if (outcome.end == ResetEnd::kCommitted) LookAround(run, *behind, &outcome.result);
  } else {
    outcome = RolledBack(run, behind.status());
  }
  if (run.session.broken()) *lost = run.session.backend();
  return outcome;
}

}  // namespace resetctl::agent

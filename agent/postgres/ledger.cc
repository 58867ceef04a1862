#include "agent/postgres/ledger.h"

#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "agent/postgres/claim.h"
#include "agent/postgres/identity.h"
#include "proto/base/failpoint.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

LedgerReading NotCertain(absl::string_view why) {
  LedgerReading reading;
  reading.why = base::Str(why);
  return reading;
}

LedgerReading NoClaim(Session& session, absl::string_view why) {
  const absl::StatusOr<v1::DatabaseIdentity> identity = ReadIdentity(session);
  if (!identity.ok()) return NotCertain(contract::ProblemOf(identity.status()).message());
  LedgerReading reading = NotCertain(why);
  reading.no_claim = true;
  reading.server = identity->system_identifier();
  return reading;
}

// While the run's lock is held: who has begun the run and not its transaction finds its claim closed (CheckFence).
absl::Status CloseOpenClaim(Session& session, absl::string_view run_id, absl::string_view end) {
  return session
      .QueryOwn(
          "update resetctl.claim set ended_at = pg_catalog.clock_timestamp(), ended_as = $2 "
          "where run = $1 and ended_at is null",
          {base::Str(run_id), base::Str(end)})
      .status();
}

LedgerReading ReadInTransaction(Session& session, absl::string_view run_id) {
  absl::StatusOr<Rows> exists = session.QueryOwn(
      "select count(*) = 2 from pg_catalog.pg_class c "
      "join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where n.nspname = 'resetctl' and c.relkind = 'r' and c.relname in ('claim', 'ledger')");
  if (!exists.ok()) return NotCertain(contract::ProblemOf(exists.status()).message());
  if (!exists->Bool(0, 0)) return NoClaim(session, "the database has no record of resets");
  const absl::Status locked = WaitForRunLock(session, run_id);
  if (!locked.ok()) {
    return NotCertain(contract::ReasonOf(locked) == v1::REASON_LOCK_TIMEOUT
                          ? "the run's transaction is still open in the database"
                          : contract::ProblemOf(locked).message());
  }
  base::Failpoint("agent.ledger.locked");
  // A new statement, so a new snapshot: it sees what was committed while we waited for the lock.
  absl::StatusOr<Rows> row = session.QueryOwn(
      "select pg_catalog.encode(result, 'hex') from resetctl.ledger where run = $1",
      {base::Str(run_id)});
  if (!row.ok()) return NotCertain(contract::ProblemOf(row.status()).message());
  LedgerReading reading;
  if (row->size() > 0) {
    reading.answer = LedgerAnswer::kCommitted;
    if (!reading.result.ParseFromString(absl::HexStringToBytes(row->Text(0, 0)))) {
      return NotCertain("the ledger's row cannot be read");
    }
    return reading;
  }
  absl::StatusOr<Rows> claim = session.QueryOwn(
      "select system_identifier, timeline, "
      "       coalesce(ended_as in ('ROLLED_BACK', 'CANCELLED', 'REFUSED'), false) "
      "from resetctl.claim where run = $1",
      {base::Str(run_id)});
  if (!claim.ok()) return NotCertain(contract::ProblemOf(claim.status()).message());
  if (claim->size() == 0) return NoClaim(session, "the database holds no claim of this run");
  const absl::StatusOr<v1::DatabaseIdentity> identity = ReadIdentity(session);
  if (!identity.ok()) return NotCertain(contract::ProblemOf(identity.status()).message());
  if (identity->system_identifier() != claim->Text(0, 0)) {
    reading = NotCertain("the database is on another server than the run's claim");
    reading.server = identity->system_identifier();
    return reading;
  }
  // A claim that was closed before the failover says what became of its run.
  const bool not_committed =
      static_cast<int64_t>(identity->timeline()) == claim->Int(0, 1) || claim->Bool(0, 2);
  const absl::Status closed =
      CloseOpenClaim(session, run_id, not_committed ? "ROLLED_BACK" : "LOST");
  if (!closed.ok()) return NotCertain(contract::ProblemOf(closed).message());
  reading.answer = not_committed ? LedgerAnswer::kNotCommitted : LedgerAnswer::kOtherTimeline;
  return reading;
}

}  // namespace

absl::Status CheckFence(Session& session, const ResetOrder& order) {
  absl::StatusOr<Rows> committed =
      session.QueryOwn("select run from resetctl.ledger where plan = $1 or run = $2",
                       {order.plan_digest, order.run_id});
  if (!committed.ok()) return committed.status();
  if (committed->size() > 0) {
    return contract::Error(
        v1::REASON_WRONG_STATE,
        absl::StrCat("This plan has been carried out already, by run ", committed->Text(0, 0), "."),
        "A plan takes effect once: make a new plan.");
  }
  const absl::StatusOr<uint32_t> timeline = ReadTimeline(session);
  if (!timeline.ok()) return timeline.status();
  absl::StatusOr<Rows> fence = session.QueryOwn(
      "select t.fence, c.fence, c.plan, c.ended_at is null, c.timeline from resetctl.target t "
      "left join resetctl.claim c on c.run = $1",
      {order.run_id});
  if (!fence.ok()) return fence.status();
  if (fence->size() != 1 || fence->Int(0, 0) != order.fence || fence->Int(0, 1) != order.fence ||
      fence->Text(0, 2) != order.plan_digest || !fence->Bool(0, 3) ||
      fence->Int(0, 4) != static_cast<int64_t>(*timeline)) {
    return contract::Error(
        v1::REASON_FENCED,
        absl::StrCat("This run's fence ", order.fence, " is no longer the target's newest."),
        "Another run has begun since, this one was given up, or the database failed over: start a "
        "new run.");
  }
  return absl::OkStatus();
}

absl::Status WriteLedger(Session& session, const ResetOrder& order, const v1::RunResult& result) {
  absl::StatusOr<Rows> written = session.QueryOwn(
      "insert into resetctl.ledger (run, plan, fence, xid, result) "
      "values ($1, $2, $3, $4, pg_catalog.decode($5, 'hex'))",
      {order.run_id, order.plan_digest, absl::StrCat(order.fence), result.xid(),
       absl::BytesToHexString(result.SerializeAsString())});
  if (!written.ok()) return written.status();
  if (written->affected() == 1) return absl::OkStatus();
  return contract::Error(v1::REASON_LEDGER_DISAGREES, "The ledger's row was not written.",
                         OwnSchemaChanged(session));
}

LedgerReading AskLedgerOf(const DatabaseAccess& access, absl::string_view run_id,
                          absl::Duration patience) {
  absl::StatusOr<std::unique_ptr<Session>> session = access.Connect();
  if (!session.ok()) return NotCertain(contract::ProblemOf(session.status()).message());
  absl::Status status = RefusePooler(**session);
  if (!status.ok()) return NotCertain(contract::ProblemOf(status).message());
  const absl::StatusOr<Rows> recovery = (*session)->Query("select pg_catalog.pg_is_in_recovery()");
  if (!recovery.ok()) return NotCertain(contract::ProblemOf(recovery.status()).message());
  if (recovery->Bool(0, 0)) return NotCertain("the database is a standby");
  status = (*session)->Execute(
      absl::StrCat("begin isolation level read committed read write; "
                   "set local search_path = pg_catalog, pg_temp; set local row_security = off; "
                   "set local statement_timeout = '60s'; set local lock_timeout = ",
                   absl::ToInt64Milliseconds(patience)));
  if (!status.ok()) return NotCertain(contract::ProblemOf(status).message());
  LedgerReading reading = ReadInTransaction(**session, run_id);
  base::Failpoint("agent.ledger.read");
  if (!(*session)->in_transaction()) return reading;
  const absl::StatusOr<Rows> ended = (*session)->Query("commit");
  if (reading.answer == LedgerAnswer::kCommitted || reading.answer == LedgerAnswer::kNotCertain) {
    return reading;
  }
  // Whether its claim is closed decides whether somebody else could still carry it out.
  if (!ended.ok()) return NotCertain(contract::ProblemOf(ended.status()).message());
  if (ended->command() != "COMMIT") return NotCertain("the run's claim could not be closed");
  return reading;
}

}  // namespace resetctl::agent

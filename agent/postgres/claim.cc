#include "agent/postgres/claim.h"

#include "absl/strings/str_cat.h"
#include "agent/domain/names.h"
#include "agent/postgres/identity.h"
#include "agent/postgres/transaction_sql.h"
#include "agent/postgres/witness_row.h"
#include "proto/base/failpoint.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// First keys of the two-key advisory locks: 'rsct', 'rscp', 'rscr' in ASCII.
constexpr int32_t kTargetClass = 0x72736374;
constexpr int32_t kPresenceClass = 0x72736370;
constexpr int32_t kRunClass = 0x72736372;

int32_t RunKey(absl::string_view run_id) {
  const std::string hash = contract::Sha256(run_id);
  uint32_t key = 0;
  for (int i = 0; i < 4; ++i) key = key << 8 | static_cast<unsigned char>(hash[i]);
  return static_cast<int32_t>(key);  // two runs with one key only wait for each other
}

absl::StatusOr<bool> Try(Session& session, absl::string_view function, int32_t group, int32_t key) {
  absl::StatusOr<Rows> rows =
      session.Query(absl::StrCat("select pg_catalog.", function, "(", group, ", ", key, ")"));
  if (!rows.ok()) return rows.status();
  return rows->Bool(0, 0);
}

absl::Status Busy(absl::string_view holder) {
  return contract::Error(
      v1::REASON_TARGET_BUSY,
      absl::StrCat("Another run", holder.empty() ? "" : absl::StrCat(" (", holder, ")"),
                   " is at work on this target."),
      "Wait until it has ended (resetctl list runs), then run again.");
}

absl::StatusOr<bool> SchemaExists(Session& session) {
  absl::StatusOr<Rows> rows = session.QueryOwn(
      "select count(*) = 3 from pg_catalog.pg_class c "
      "join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where n.nspname = 'resetctl' and c.relkind = 'r' and c.relname in ('target', 'claim', "
      "'ledger')");
  if (!rows.ok()) return rows.status();
  return rows->Bool(0, 0);
}

absl::Status EnsureSchema(Session& session) {
  const absl::StatusOr<bool> exists = SchemaExists(session);
  if (!exists.ok()) return exists.status();
  if (*exists) return absl::OkStatus();
  absl::StatusOr<Rows> there = session.QueryOwn(
      "select exists (select from pg_catalog.pg_namespace where nspname = 'resetctl'), "
      "current_user");
  if (!there.ok()) return there.status();
  const std::string schema = QuoteForSql(session.own_schema());
  const std::string role = QuoteForSql(there->Text(0, 1));
  // Not IF NOT EXISTS: that asks for the right to create schemas even where there is nothing to create.
  absl::Status made = there->Bool(0, 0) ? absl::OkStatus()
                                        : session.Execute(absl::StrCat("create schema ", schema));
  if (contract::ReasonOf(made) == v1::REASON_PRIVILEGE_MISSING) {
    return contract::Error(
        v1::REASON_PRIVILEGE_MISSING,
        absl::StrCat("The agent's role may not create the schema ", session.own_schema(), "."),
        absl::StrCat("As the database's owner: create schema ", schema, " authorization ", role,
                     ";"));
  }
  if (made.ok()) made = session.ExecuteOwn(sql::kResetctlSchema);
  if (contract::ReasonOf(made) != v1::REASON_PRIVILEGE_MISSING) return made;
  return contract::Error(v1::REASON_PRIVILEGE_MISSING,
                         absl::StrCat("The agent's role may not create its tables in the schema ",
                                      session.own_schema(), "."),
                         absl::StrCat("As the schema's owner: grant usage, create on schema ",
                                      schema, " to ", role, ";"));
}

// The newest open claim of another run, for the message.
std::string HolderOf(Session& session, absl::string_view run_id) {
  const absl::StatusOr<std::vector<std::string>> open = ReadOpenClaims(session);
  if (!open.ok()) return "";
  for (auto run = open->rbegin(); run != open->rend(); ++run) {
    if (*run != run_id) return *run;
  }
  return "";
}

// The journal says committed: so must the ledger, or the database is not what it was (TRUST §5).
absl::Status CheckLastCommit(Session& session, const std::string& run_id) {
  if (run_id.empty()) return absl::OkStatus();
  const absl::StatusOr<Rows> known =
      session.QueryOwn("select from resetctl.ledger where run = $1", {run_id});
  if (!known.ok()) return known.status();
  if (known->size() > 0) return absl::OkStatus();
  return contract::Error(v1::REASON_COMMIT_LOST,
                         absl::StrCat("The ledger does not know run ", run_id, "."));
}

absl::Status CheckUnused(Session& session, const ClaimOrder& order) {
  absl::StatusOr<Rows> committed =
      session.QueryOwn("select run from resetctl.ledger where plan = $1", {order.plan_digest});
  if (!committed.ok()) return committed.status();
  if (committed->size() > 0) {
    return contract::Error(
        v1::REASON_WRONG_STATE,
        absl::StrCat("This plan has been carried out already, by run ", committed->Text(0, 0), "."),
        "A plan takes effect once: make a new plan.");
  }
  absl::StatusOr<Rows> used = session.QueryOwn(
      "select run from resetctl.claim where nonce = $1 or run = $2", {order.nonce, order.run_id});
  if (!used.ok()) return used.status();
  if (used->size() > 0) {
    return contract::Error(
        v1::REASON_STATEMENT_REPLAYED,
        absl::StrCat("This run statement has been used already, by run ", used->Text(0, 0), "."),
        "Sign a new one: resetctl run.");
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ClaimInTransaction(Session& session, const ClaimOrder& order,
                                           absl::string_view environment,
                                           absl::string_view target) {
  const absl::StatusOr<bool> locked = TryTargetLock(session);
  if (!locked.ok()) return locked.status();
  if (!*locked) return Busy(HolderOf(session, order.run_id));
  base::Failpoint("agent.claim.locked");
  absl::Status status = EnsureSchema(session);
  if (status.ok()) status = EnsureWitnessTable(session);
  if (!status.ok()) return status;
  absl::StatusOr<Rows> marked = session.QueryOwn(
      "insert into resetctl.target (environment, target) values ($1, $2) on conflict do nothing",
      {base::Str(environment), base::Str(target)});
  if (!marked.ok()) return marked.status();
  const absl::StatusOr<TargetMarker> marker = ReadMarker(session);
  if (!marker.ok()) return marker.status();
  status = CheckMarker(*marker, environment, target);
  if (!status.ok()) return status;
  status = CheckLastCommit(session, order.last_commit);
  if (!status.ok()) return status;
  status = CheckUnused(session, order);
  if (!status.ok()) return status;
  if (order.seen_log) status = KeepSeenLog(session, *order.seen_log);
  if (!status.ok()) return status;
  const absl::StatusOr<v1::DatabaseIdentity> identity = ReadIdentity(session);
  if (!identity.ok()) return identity.status();
  absl::StatusOr<Rows> fence =
      session.QueryOwn("update resetctl.target set fence = fence + 1 returning fence");
  if (!fence.ok()) return fence.status();
  if (fence->size() != 1) {
    return contract::Error(v1::REASON_LEDGER_DISAGREES, "The target's fence could not be raised.",
                           OwnSchemaChanged(session));
  }
  const int64_t raised = fence->Int(0, 0);
  absl::StatusOr<Rows> claimed = session.QueryOwn(
      "insert into resetctl.claim (run, plan, nonce, fence, runner, system_identifier, timeline) "
      "values ($1, $2, $3, $4, $5, $6, $7)",
      {order.run_id, order.plan_digest, order.nonce, absl::StrCat(raised), order.runner,
       identity->system_identifier(), absl::StrCat(identity->timeline())});
  if (!claimed.ok()) return claimed.status();
  if (claimed->affected() != 1) {
    return contract::Error(v1::REASON_LEDGER_DISAGREES, "The claim was not recorded.",
                           OwnSchemaChanged(session));
  }
  return raised;
}

}  // namespace

std::string OwnSchemaChanged(const Session& session) {
  return absl::StrCat("Somebody has changed the schema ", session.own_schema(),
                      ": look into it first.");
}

absl::StatusOr<bool> TryPresenceLock(Session& session) {
  return Try(session, "pg_try_advisory_lock", kPresenceClass, 0);
}

absl::StatusOr<bool> TryTargetLock(Session& session) {
  return Try(session, "pg_try_advisory_xact_lock", kTargetClass, 0);
}

absl::StatusOr<bool> TryRunLock(Session& session, absl::string_view run_id) {
  return Try(session, "pg_try_advisory_xact_lock", kRunClass, RunKey(run_id));
}

absl::Status WaitForRunLock(Session& session, absl::string_view run_id) {
  return session.Execute(absl::StrCat("select pg_catalog.pg_advisory_xact_lock(", kRunClass, ", ",
                                      RunKey(run_id), ")"));
}

absl::StatusOr<int64_t> ClaimRun(Session& session, const ClaimOrder& order,
                                 absl::string_view environment, absl::string_view target) {
  absl::Status status = RefusePooler(session);
  if (!status.ok()) return status;
  absl::StatusOr<Rows> recovery = session.Query("select pg_catalog.pg_is_in_recovery()");
  if (!recovery.ok()) return recovery.status();
  if (recovery->Bool(0, 0)) {
    return contract::Error(v1::REASON_DATABASE_READ_ONLY,
                           "The database is a standby: it takes no writes.",
                           "Give the agent the primary's address.");
  }
  const absl::StatusOr<bool> present = TryPresenceLock(session);
  if (!present.ok()) return present.status();
  if (!*present) return Busy(HolderOf(session, order.run_id));
  // The session idles until the run is over: the target's own limit must not end it, and a dead agent must not hold the lock.
  status = session.Execute(absl::StrCat(
      "set tcp_keepalives_idle = 15; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3",
      session.server_version() >= 140000 ? "; set idle_session_timeout = 0" : ""));
  if (!status.ok()) return status;
  status = session.Execute(
      "begin isolation level read committed read write; "
      "set local search_path = pg_catalog, pg_temp; set local row_security = off; "
      "set local lock_timeout = '5s'; set local statement_timeout = '30s'; "
      "set local idle_in_transaction_session_timeout = '30s'");
  if (!status.ok()) return status;
  const absl::StatusOr<int64_t> fence = ClaimInTransaction(session, order, environment, target);
  if (!fence.ok()) {
    if (!session.broken()) (void)session.Execute("rollback");
    return fence.status();
  }
  base::Failpoint("agent.claim.commit.before");
  absl::StatusOr<Rows> commit = session.Query("commit");
  base::Failpoint("agent.claim.commit.after");
  if (!commit.ok()) return commit.status();
  if (commit->command() != "COMMIT") {
    return contract::Error(v1::REASON_DATABASE_ERROR, "The claim was rolled back by the server.",
                           "Look at the server's log.");
  }
  return *fence;
}

absl::StatusOr<std::vector<std::string>> ReadOpenClaims(Session& session) {
  std::vector<std::string> runs;
  const absl::StatusOr<bool> exists = SchemaExists(session);
  if (!exists.ok()) return exists.status();
  if (!*exists) return runs;
  absl::StatusOr<Rows> rows = session.QueryOwn(
      "select c.run from resetctl.claim c where c.ended_at is null "
      "and not exists (select from resetctl.ledger l where l.run = c.run) order by c.fence");
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->size(); ++row) runs.push_back(rows->Text(row, 0));
  return runs;
}

absl::Status EndClaim(Session& session, absl::string_view run_id, absl::string_view end) {
  const absl::StatusOr<bool> exists = SchemaExists(session);
  if (!exists.ok()) return exists.status();
  if (!*exists) return absl::OkStatus();
  // Spelled out, for a role's default may be read-only.
  absl::Status status = session.Execute("begin isolation level read committed read write");
  if (!status.ok()) return status;
  status =
      session
          .QueryOwn(
              "update resetctl.claim set ended_at = pg_catalog.clock_timestamp(), ended_as = $2 "
              "where run = $1 and ended_at is null",
              {base::Str(run_id), base::Str(end)})
          .status();
  const absl::Status ended = session.Execute(status.ok() ? "commit" : "rollback");
  return status.ok() ? ended : status;
}

}  // namespace resetctl::agent

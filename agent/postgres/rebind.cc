#include "agent/postgres/rebind.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "agent/postgres/claim.h"
#include "agent/postgres/identity.h"
#include "agent/postgres/witness_row.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// 'rscw' in ASCII: the first key of a two-key lock, beside those of claim.cc. The controller chooses the second one alone, so it
// can hold no lock of an application's, and ask for none.
constexpr int32_t kTwinClass = 0x72736377;

int32_t TwinKey(int64_t key) { return static_cast<int32_t>(key ^ (key >> 32)); }

absl::Status MarkInTransaction(Session& session, absl::string_view environment,
                               absl::string_view target) {
  const absl::StatusOr<bool> ours = TryTargetLock(session);
  if (!ours.ok()) return ours.status();
  if (!*ours) {
    return contract::Error(v1::REASON_TARGET_BUSY, "a run is at work on this database",
                           "wait for its end, then bind again");
  }
  absl::Status status = session
                            .QueryOwn(
                                "update resetctl.target set marker = pg_catalog.gen_random_uuid(), "
                                "environment = $1, target = $2",
                                {base::Str(environment), base::Str(target)})
                            .status();
  if (status.ok()) status = ForgetSeenLog(session);
  if (!status.ok()) return status;
  return session.ExecuteOwn(
      "update resetctl.claim c set ended_at = pg_catalog.clock_timestamp(), "
      "ended_as = 'REBOUND' where c.ended_at is null "
      "and not exists (select from resetctl.ledger l where l.run = c.run)");
}

}  // namespace

absl::Status RebindDatabase(Session& session, absl::string_view environment,
                            absl::string_view target) {
  absl::Status status = RefusePooler(session);
  if (!status.ok()) return status;
  const absl::StatusOr<TargetMarker> marker = ReadMarker(session);
  if (!marker.ok()) return marker.status();
  if (!marker->exists) return absl::OkStatus();
  status = session.Execute(
      "begin isolation level read committed read write; "
      "set local search_path = pg_catalog, pg_temp; set local row_security = off; "
      "set local lock_timeout = '5s'; set local statement_timeout = '30s'");
  if (!status.ok()) return status;
  status = MarkInTransaction(session, environment, target);
  const absl::Status ended = session.Execute(status.ok() ? "commit" : "rollback");
  return status.ok() ? ended : status;
}

absl::Status TakeTwinLock(Session& session, int64_t key) {
  absl::Status status = RefusePooler(session);
  if (!status.ok()) return status;
  const absl::StatusOr<Rows> taken = session.Query(
      absl::StrCat("select pg_catalog.pg_try_advisory_lock(", kTwinClass, ", $1::int)"),
      {absl::StrCat(TwinKey(key))});
  if (!taken.ok()) return taken.status();
  if (taken->Bool(0, 0)) return absl::OkStatus();
  return contract::Error(v1::REASON_TARGET_BUSY, "the lock is held already", "try again");
}

absl::StatusOr<bool> SeesTwinLock(Session& session, int64_t key) {
  const absl::StatusOr<Rows> seen = session.Query(
      absl::StrCat("select exists (select from pg_catalog.pg_locks l "
                   "join pg_catalog.pg_database d on d.oid = l.database "
                   "where d.datname = pg_catalog.current_database() and l.locktype = 'advisory' "
                   "and l.objsubid = 2 and l.granted and l.classid = ",
                   kTwinClass, " and l.objid = $1::bigint)"),
      {absl::StrCat(static_cast<uint32_t>(TwinKey(key)))});
  if (!seen.ok()) return seen.status();
  return seen->Bool(0, 0);
}

}  // namespace resetctl::agent

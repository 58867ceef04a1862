#include "agent/postgres/identity.h"

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

absl::StatusOr<uint32_t> ReadTimeline(Session& session) {
  absl::StatusOr<Rows> recovery = session.Query("select pg_catalog.pg_is_in_recovery()");
  if (!recovery.ok()) return recovery.status();
  if (recovery->Bool(0, 0)) return 0;
  absl::StatusOr<Rows> file = session.Query(
      "select pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, "
      "8)");
  if (!file.ok()) return file.status();
  return static_cast<uint32_t>(std::stoul("0" + file->Text(0, 0), nullptr, 16));
}

absl::StatusOr<std::string> ReadWalPosition(Session& session) {
  absl::StatusOr<Rows> position = session.Query("select pg_catalog.pg_current_wal_insert_lsn()");
  if (!position.ok()) return position.status();
  return position->Text(0, 0);
}

absl::StatusOr<TargetMarker> ReadMarker(Session& session) {
  TargetMarker marker;
  // Without the privilege on the schema the name does not resolve at all: asked by catalog, the answer is plain.
  absl::StatusOr<Rows> exists = session.QueryOwn(
      "select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
      "c.relnamespace "
      "where n.nspname = 'resetctl' and c.relname = 'target' and c.relkind = 'r'");
  if (!exists.ok()) return exists.status();
  if (exists->size() == 0) return marker;
  absl::StatusOr<Rows> rows =
      session.QueryOwn("select marker, environment, target, fence from resetctl.target");
  if (!rows.ok()) return rows.status();
  if (rows->size() == 0) return marker;
  marker.exists = true;
  marker.marker = rows->Text(0, 0);
  marker.environment = rows->Text(0, 1);
  marker.target = rows->Text(0, 2);
  marker.fence = rows->Int(0, 3);
  return marker;
}

absl::Status CheckMarker(const TargetMarker& marker, absl::string_view environment,
                         absl::string_view target) {
  if (!marker.exists || (marker.environment == environment && marker.target == target)) {
    return absl::OkStatus();
  }
  return contract::Error(
      v1::REASON_IDENTITY_CONFLICT,
      absl::StrCat("This database is marked as ", marker.environment, "/", marker.target,
                   ", and this agent serves ", environment, "/", target, "."),
      absl::StrCat("Check the agent's DATABASE_URL. If the database is a copy that now serves "
                   "another purpose, bind it: resetctl target rebind ",
                   environment, "/", target));
}

absl::StatusOr<v1::DatabaseIdentity> ReadIdentity(Session& session) {
  v1::DatabaseIdentity identity;
  absl::StatusOr<Rows> rows = session.Query(
      "select d.oid, d.datname, pg_catalog.current_setting('server_version'), "
      "       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') "
      "from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()");
  if (!rows.ok()) return rows.status();
  identity.set_database_oid(static_cast<uint32_t>(rows->Int(0, 0)));
  identity.set_database_name(rows->Text(0, 1));
  identity.set_server_version(rows->Text(0, 2));
  // The database has its own field.
  const std::string address = session.Address();
  identity.set_address(address.substr(0, address.find(", database ")));
  if (rows->Bool(0, 3)) {
    absl::StatusOr<Rows> control =
        session.Query("select system_identifier from pg_catalog.pg_control_system()");
    if (!control.ok()) return control.status();
    identity.set_system_identifier(control->Text(0, 0));
  }
  const absl::StatusOr<TargetMarker> marker = ReadMarker(session);
  if (!marker.ok()) return marker.status();
  identity.set_marker(marker->marker);
  const absl::StatusOr<uint32_t> timeline = ReadTimeline(session);
  if (!timeline.ok()) return timeline.status();
  identity.set_timeline(*timeline);
  return identity;
}

absl::Status RefusePooler(Session& session) {
  absl::StatusOr<Rows> pid = session.Query(
      absl::StrCat("select pg_catalog.pg_backend_pid(), ", kMicrosecondsOfStart,
                   " from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a"));
  if (!pid.ok()) return pid.status();
  session.TellStart(pid->Int(0, 1));
  if (pid->Int(0, 0) == session.backend_pid()) return absl::OkStatus();
  return contract::Error(
      v1::REASON_DATABASE_ERROR,
      absl::StrCat("The connection to ", session.Address(), " goes through a connection pooler."),
      "A reset needs a session of its own: give the agent PostgreSQL's direct address.");
}

}  // namespace resetctl::agent

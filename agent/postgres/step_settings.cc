#include "agent/postgres/step_settings.h"

#include "absl/strings/str_cat.h"

namespace resetctl::agent {
namespace {

std::string Set(absl::string_view name, absl::string_view value) {
  return absl::StrCat("set local ", name, " = '", value, "'; ");
}

std::string Milliseconds(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Milliseconds(duration));
}

}  // namespace

absl::Status ApplyStepSettings(Session& session) {
  // A cursor WITH HOLD runs its query at COMMIT, behind every proof: none is left open. RESET ALL leaves role and session
  // authorization alone. The server refuses none of the four.
  std::string sql = absl::StrCat(
      "close all; reset session authorization; reset role; reset all; ",
      "set local search_path = pg_catalog, pg_temp; ",
      Set("statement_timeout", Milliseconds(kStatementBudget)),
      Set("lock_timeout", Milliseconds(kLockBudget)),
      Set("idle_in_transaction_session_timeout", Milliseconds(kIdleBudget)),
      Set("row_security", "off"), Set("client_min_messages", "warning"),
      Set("standard_conforming_strings", "on"),  // as the statements were split
      Set("default_tablespace", ""), Set("temp_tablespaces", ""), Set("tcp_keepalives_idle", "15"),
      Set("tcp_keepalives_interval", "5"), Set("tcp_keepalives_count", "3"));
  // A dead agent must not hold locks: the server looks every two seconds whether we are still there.
  if (session.server_version() >= 140000) {
    absl::StrAppend(&sql, Set("client_connection_check_interval", "2s"));
  }
  if (session.server_version() >= 170000) absl::StrAppend(&sql, Set("transaction_timeout", "0"));
  absl::StrAppend(&sql,
                  "select pg_catalog.set_config('synchronous_commit', 'on', true) "
                  "where pg_catalog.current_setting('synchronous_commit') in ('off', 'local')");
  return session.Execute(sql);
}

absl::Status UseSearchPath(Session& session, const std::vector<std::string>& schemas) {
  std::string path;
  for (const std::string& schema : schemas) {
    absl::StrAppend(&path, session.QuoteIdentifier(schema), ", ");
  }
  absl::StrAppend(&path, "pg_temp");
  return session.Query("select pg_catalog.set_config('search_path', $1, true)", {path}).status();
}

}  // namespace resetctl::agent

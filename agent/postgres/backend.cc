#include "agent/postgres/backend.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "agent/postgres/session.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// Of another role (then it is not ours) the state is hidden. What waits for its client is told by the wait alone, which the
// server knows with track_activities off too.
std::string Find(const Backend& backend, absl::string_view columns) {
  std::string sql = absl::StrCat("select ", columns, " from pg_catalog.pg_stat_get_activity(",
                                 backend.pid, ") a where a.state is not null");
  if (backend.started != 0) {
    absl::StrAppend(&sql, " and ", kMicrosecondsOfStart, " = ", backend.started);
  }
  return sql;
}

constexpr char kWaitsForClient[] = "coalesce(a.wait_event_type = 'Client', false)";

}  // namespace

Sight LookAt(const base::Secret& url, Backend& backend, absl::Duration patience) {
  const absl::StatusOr<std::unique_ptr<Session>> session = Session::ConnectToLook(url, patience);
  if (!session.ok()) {
    const v1::Problem problem = contract::ProblemOf(session.status());
    const bool answered =
        !problem.sqlstate().empty() || problem.reason() != v1::REASON_DATABASE_UNREACHABLE;
    return answered ? Sight::kNotLetIn : Sight::kNoAnswer;
  }
  const absl::StatusOr<Rows> seen =
      (*session)->Query(Find(backend, absl::StrCat(kMicrosecondsOfStart, ", ", kWaitsForClient)));
  if (!seen.ok()) return (*session)->broken() ? Sight::kNoAnswer : Sight::kNotLetIn;
  if (seen->size() == 0) return Sight::kGone;
  backend.started = seen->Int(0, 0);
  return seen->Bool(0, 1) ? Sight::kWaitsForUs : Sight::kAtWork;
}

absl::StatusOr<bool> EndBackend(Session& session, const Backend& backend) {
  if (backend.started == 0) return false;
  // Not before it is gone, where the server can tell.
  const absl::string_view wait = session.server_version() >= 140000 ? ", 2000" : "";
  const absl::StatusOr<Rows> ended = session.Query(
      Find(backend, absl::StrCat("pg_catalog.pg_terminate_backend(a.pid", wait, ")")));
  if (!ended.ok()) return ended.status();
  return ended->size() > 0;
}

void EndWaitingBackend(const base::Secret& url, const Backend& backend, absl::Duration patience) {
  const absl::StatusOr<std::unique_ptr<Session>> session = Session::ConnectToLook(url, patience);
  if (!session.ok()) return;
  (*session)
      ->Query(absl::StrCat(Find(backend, "pg_catalog.pg_terminate_backend(a.pid)"), " and ",
                           kWaitsForClient))
      .status()
      .IgnoreError();
}

}  // namespace resetctl::agent

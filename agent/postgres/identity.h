#ifndef RESETCTL_AGENT_POSTGRES_IDENTITY_H_
#define RESETCTL_AGENT_POSTGRES_IDENTITY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/postgres/session.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// Which database this is: system identifier (empty where a provider forbids the function), oid, name, marker of
// resetctl.target (empty before the first claim), version and timeline. In the session's transaction, when it has one.
absl::StatusOr<v1::DatabaseIdentity> ReadIdentity(Session& session);

// The timeline of the WAL that is written now: pg_control_checkpoint() still shows the old one after a promotion (TRUST §5).
// 0 on a standby.
absl::StatusOr<uint32_t> ReadTimeline(Session& session);

// Where the WAL is written to now: '0/1A2B3C4D'. On a primary only.
absl::StatusOr<std::string> ReadWalPosition(Session& session);

// A session through pgbouncer or its like is nobody's own: settings, locks and temporary tables may end up in another
// backend. Told by the backend's process id, which such a pooler makes up. DATABASE_ERROR with the way out.
absl::Status RefusePooler(Session& session);

// What resetctl.target says; empty strings before the first claim.
struct TargetMarker {
  bool exists = false;
  std::string marker;
  std::string environment;
  std::string target;
  int64_t fence = 0;
};
absl::StatusOr<TargetMarker> ReadMarker(Session& session);

// IDENTITY_CONFLICT when the marker names another environment or target; no marker is no conflict.
absl::Status CheckMarker(const TargetMarker& marker, absl::string_view environment,
                         absl::string_view target);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_IDENTITY_H_

#ifndef RESETCTL_AGENT_POSTGRES_REBIND_H_
#define RESETCTL_AGENT_POSTGRES_REBIND_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/postgres/session.h"

namespace resetctl::agent {

// Marks the database as this target's: another marker than before, claims that were open are closed as REBOUND. Nothing where
// the `resetctl` schema is not there. TARGET_BUSY while a run holds the target, DATABASE_READ_ONLY on a standby.
absl::Status RebindDatabase(Session& session, absl::string_view environment,
                            absl::string_view target);

// A session-wide advisory lock of the database with this key; whether some session of this very database holds it. A physical
// clone has no part in locks, so that these two tell it from the original (docs/adr/0013).
absl::Status TakeTwinLock(Session& session, int64_t key);
absl::StatusOr<bool> SeesTwinLock(Session& session, int64_t key);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_REBIND_H_

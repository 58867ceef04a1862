#ifndef RESETCTL_AGENT_POSTGRES_WITNESS_ROW_H_
#define RESETCTL_AGENT_POSTGRES_WITNESS_ROW_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/postgres/session.h"
#include "resetctl/v1/witness.pb.h"

namespace resetctl::agent {

// What a target keeps of the controller's audit log, in resetctl.witness.

// In the session's transaction; the schema is there. Makes the table where it is missing.
absl::Status EnsureWitnessTable(Session& session);
absl::Status KeepSeenLog(Session& session, const v1::SeenLog& seen);
// Nothing: no table, or no row. LEDGER_DISAGREES when the row is not one that KeepSeenLog() wrote.
absl::StatusOr<std::optional<v1::SeenLog>> ReadSeenLog(Session& session);
// After a rebind: what another target's agent saw counts no more.
absl::Status ForgetSeenLog(Session& session);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_WITNESS_ROW_H_

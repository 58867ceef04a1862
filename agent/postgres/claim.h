#ifndef RESETCTL_AGENT_POSTGRES_CLAIM_H_
#define RESETCTL_AGENT_POSTGRES_CLAIM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/postgres/session.h"
#include "agent/service/ports.h"

namespace resetctl::agent {

// Advisory locks of a target, in this order. All are of the current database only.
//   presence: of the session that claimed, from the claim until the run's transaction is over
//   target:   of each claim's and each reset's transaction
//   run:      of the run's transaction; AskLedger waits for it (TRUST §5)
// Each answers false when somebody else holds it; nothing waits, so nothing deadlocks.
absl::StatusOr<bool> TryPresenceLock(Session& session);
absl::StatusOr<bool> TryTargetLock(Session& session);
absl::StatusOr<bool> TryRunLock(Session& session, absl::string_view run_id);
// Waits, up to the transaction's lock_timeout.
absl::Status WaitForRunLock(Session& session, absl::string_view run_id);

// What to do where the agent's own tables are not as it left them.
std::string OwnSchemaChanged(const Session& session);

// TRUST §5. Makes its own tables, and their schema, where they are missing, writes the marker, raises the fence, uses up the nonce, keeps
// what was seen of the audit log: one short transaction. `session` keeps the presence lock until it is closed. Reasons: TARGET_BUSY, STATEMENT_REPLAYED,
// WRONG_STATE (the plan has committed already), IDENTITY_CONFLICT, DATABASE_READ_ONLY, PRIVILEGE_MISSING.
absl::StatusOr<int64_t> ClaimRun(Session& session, const ClaimOrder& order,
                                 absl::string_view environment, absl::string_view target);

// Run ids of claims without an end and without a ledger row, oldest first. None where there is no schema.
absl::StatusOr<std::vector<std::string>> ReadOpenClaims(Session& session);
absl::Status EndClaim(Session& session, absl::string_view run_id, absl::string_view end);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_CLAIM_H_

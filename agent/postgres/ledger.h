#ifndef RESETCTL_AGENT_POSTGRES_LEDGER_H_
#define RESETCTL_AGENT_POSTGRES_LEDGER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "agent/postgres/database_access.h"
#include "agent/postgres/session.h"
#include "agent/service/ports.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::agent {

// In the run's own transaction, after the target's lock, as statements of their own: the plan must not have committed
// (WRONG_STATE), our claim must be open and of this timeline, and the fence the newest (FENCED).
absl::Status CheckFence(Session& session, const ResetOrder& order);

// The row that makes the reset a fact: the last write before COMMIT.
absl::Status WriteLedger(Session& session, const ResetOrder& order, const v1::RunResult& result);

// TRUST §5: asks over a connection of its own. "Not committed" only on a primary of the server and timeline that the claim
// recorded, after taking the run's advisory lock in a new transaction, which closes the claim; `patience` bounds the wait for it.
LedgerReading AskLedgerOf(const DatabaseAccess& access, absl::string_view run_id,
                          absl::Duration patience);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_LEDGER_H_

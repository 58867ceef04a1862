#ifndef RESETCTL_AGENT_POSTGRES_RESET_TRANSACTION_H_
#define RESETCTL_AGENT_POSTGRES_RESET_TRANSACTION_H_

#include "agent/postgres/backend.h"
#include "agent/postgres/catalog_memory.h"
#include "agent/postgres/database_access.h"
#include "agent/postgres/row_counter.h"
#include "agent/postgres/run_control.h"
#include "agent/service/ports.h"

namespace resetctl::agent {

// One run's transaction, DESIGN §10 steps 3 to 10, on a connection of its own: lock, re-check, clear, recreate, verify,
// ledger, COMMIT. Everything or nothing. Blocks until it is over; `control` cancels it from another thread. Where the connection broke,
// `lost` is what may still be in the server.
ResetOutcome RunResetTransaction(const DatabaseAccess& access, const ResetOrder& order,
                                 StepObserver& observer, RunControl& control, CatalogMemory& memory,
                                 const CountOptions& counting, Backend* lost);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RESET_TRANSACTION_H_

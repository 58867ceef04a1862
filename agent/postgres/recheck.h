#ifndef RESETCTL_AGENT_POSTGRES_RECHECK_H_
#define RESETCTL_AGENT_POSTGRES_RECHECK_H_

#include "absl/status/status.h"
#include "agent/postgres/catalog_memory.h"
#include "agent/postgres/row_counter.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// Is the target still what was approved (P2)? Identity, schema fingerprint, the same tables, row bands, unused references.
// STALE_IDENTITY, STALE_SCHEMA, STALE_ROWS, each with what changed, old and new.

// Without locks, so that a stale plan disturbs nobody, in the REPEATABLE READ transaction that is open: reads the catalog (or
// takes the plan's, where it is still true) and counts every table. Fills run.catalog, clear, catalog_state, rows, strategies and clear_order.
absl::Status LookAhead(RunContext& run, CatalogMemory& memory, const base::Secret& url,
                       const CountOptions& counting);

// Under the locks: the catalog is read again only if it has changed since, and a table is counted again only if its heap has
// another size than when it was counted. Decides which tables stay untouched.
absl::Status Recheck(RunContext& run);

// After the recreate steps: the schema is what it was, for changing it is not a reset's job. SQL_FAILED with the drift.
absl::Status CheckSchemaUnchanged(RunContext& run);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RECHECK_H_

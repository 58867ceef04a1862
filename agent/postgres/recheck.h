#ifndef RESETCTL_AGENT_POSTGRES_RECHECK_H_
#define RESETCTL_AGENT_POSTGRES_RECHECK_H_

#include "absl/status/status.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// Is the target still what was approved (P2)? Identity, schema fingerprint, the same tables, row bands. Fills run.catalog,
// run.clear and run.rows. Called once without locks, so that a stale plan disturbs nobody, and again under them.
// STALE_IDENTITY, STALE_SCHEMA, STALE_ROWS, each with what changed, old and new.
absl::Status Recheck(RunContext& run);

// After the recreate steps: the schema is what it was, for changing it is not a reset's job. SQL_FAILED with the drift.
absl::Status CheckSchemaUnchanged(RunContext& run);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RECHECK_H_

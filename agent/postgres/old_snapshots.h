#ifndef RESETCTL_AGENT_POSTGRES_OLD_SNAPSHOTS_H_
#define RESETCTL_AGENT_POSTGRES_OLD_SNAPSHOTS_H_

#include "absl/status/status.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// A session that took its snapshot before the commit (a report in REPEATABLE READ, a dump) still sees the rows that were
// deleted, but finds truncated tables empty: a state that never was (POSTGRES.md, "Locks and neighbours"). After the commit
// of result->xid, in a transaction of its own: a warning that names such sessions.
absl::Status FindOldSnapshots(RunContext& run, v1::RunResult* result);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_OLD_SNAPSHOTS_H_

#ifndef RESETCTL_AGENT_POSTGRES_LOCKS_H_
#define RESETCTL_AGENT_POSTGRES_LOCKS_H_

#include <functional>

#include "absl/status/status.h"
#include "agent/postgres/run_context.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// Locks every table of run.clear.cleared_roots in one sorted statement: ACCESS EXCLUSIVE those that will be truncated,
// EXCLUSIVE all others, whose readers go on reading. Then restarts the sequences that have moved, which takes a lock
// on each. An attempt waits a short while: everybody who wants one of the tables queues behind it. Then it rolls back wholly,
// sleeps with jitter, and tries again until rules.blockers_give_up_after is used up: LOCK_TIMEOUT, naming the
// blockers. `begin` starts the transaction anew. STALE_SCHEMA when a table has vanished.
absl::Status TakeLocks(RunContext& run, const base::Secret& url,
                       const std::function<absl::Status()>& begin);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_LOCKS_H_

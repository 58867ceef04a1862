#ifndef RESETCTL_AGENT_POSTGRES_SEQUENCES_H_
#define RESETCTL_AGENT_POSTGRES_SEQUENCES_H_

#include "absl/status/status.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// After recreate: each sequence that this transaction has restarted moves past what its columns hold now, by its own
// direction and within its bounds. Only those: for them even setval() rolls back (POSTGRES.md).
absl::Status MoveSequences(RunContext& run);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_SEQUENCES_H_

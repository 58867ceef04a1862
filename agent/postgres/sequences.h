#ifndef RESETCTL_AGENT_POSTGRES_SEQUENCES_H_
#define RESETCTL_AGENT_POSTGRES_SEQUENCES_H_

#include "absl/status/status.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// Starts run.clear.restarted_sequences again, transactionally (ALTER SEQUENCE ... RESTART). Where nothing in this transaction
// will call nextval(), only those that have moved: each costs a new file. Where something will (recreate steps, triggers that
// the clear fires), all of them, for what nextval() does to a sequence that was not restarted before survives a rollback.
absl::Status RestartSequences(RunContext& run);

// After the clear: those that its triggers have moved.
absl::Status RestartMovedSequences(RunContext& run);

// After recreate: each sequence that this transaction has restarted moves past what its columns hold now, by its own
// direction and within its bounds. Only those: for them even setval() rolls back (POSTGRES.md).
absl::Status MoveSequences(RunContext& run);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_SEQUENCES_H_

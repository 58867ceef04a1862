#ifndef RESETCTL_AGENT_POSTGRES_SEQUENCES_H_
#define RESETCTL_AGENT_POSTGRES_SEQUENCES_H_

#include "absl/status/status.h"
#include "agent/postgres/run_context.h"
#include "agent/postgres/sequence_positions.h"

namespace resetctl::agent {

// Without locks: fills run.moved_sequences, for to look at a thousand takes longer than to lock as many tables. `known` are
// positions that were read a moment ago.
absl::Status FindMovedSequences(RunContext& run, SequencePositions known);

// Starts run.clear.restarted_sequences again, transactionally (ALTER SEQUENCE ... RESTART). Where nothing in this transaction
// will call nextval(), only run.moved_sequences: each costs a new file. Where something will (recreate steps, triggers that
// the clear fires), all of them, for what nextval() does to a sequence that was not restarted before survives a rollback.
absl::Status RestartSequences(RunContext& run);

// After the clear: those of tables that held rows, which may have moved since, or been moved by triggers.
absl::Status RestartMovedSequences(RunContext& run);

// After recreate: each sequence that this transaction has restarted moves past what its columns hold now, by its own
// direction and within its bounds. Only those: for them even setval() rolls back (POSTGRES.md).
absl::Status MoveSequences(RunContext& run);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_SEQUENCES_H_

#ifndef RESETCTL_AGENT_POSTGRES_CLEAR_H_
#define RESETCTL_AGENT_POSTGRES_CLEAR_H_

#include "absl/status/status.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// Empties every table of run.clear as run.clear_order says: one TRUNCATE of its closed set, never CASCADE; then DELETE, the
// referencing tables first, a cycle of references in one statement. Deferred triggers run now. Then proves every cleared
// table empty by looking, whatever a command tag said: TABLE_NOT_EMPTY names the ones that triggers filled again.
absl::Status ClearTables(RunContext& run);

// Runs what is deferred, so that its effects are seen here and not at COMMIT; afterwards constraints are as the schema
// declares them, so that the blueprint's steps may rely on deferral.
absl::Status RunDeferredTriggers(RunContext& run);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_CLEAR_H_

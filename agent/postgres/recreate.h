#ifndef RESETCTL_AGENT_POSTGRES_RECREATE_H_
#define RESETCTL_AGENT_POSTGRES_RECREATE_H_

#include "absl/status/status.h"
#include "agent/postgres/kept_proof.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// The blueprint's recreate steps in order, then sequences moved past what was written and materialized views refreshed.
// Around each step: settings put back, the schema resetctl compared, the kept-table proof (which names the step).
absl::Status Recreate(RunContext& run, KeptProof& proof);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RECREATE_H_

#ifndef RESETCTL_AGENT_POSTGRES_CHECKS_H_
#define RESETCTL_AGENT_POSTGRES_CHECKS_H_

#include "absl/status/status.h"
#include "agent/postgres/kept_proof.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// DESIGN §10 step 9: deferred triggers run now, then the blueprint's checks, then the last kept-table proof. A check answers
// exactly one row with one boolean, true; anything else, an error too, is CHECK_FAILED with its name. Checks only read: each
// runs in a read-only subtransaction that is rolled back.
absl::Status RunChecks(RunContext& run, KeptProof& proof);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_CHECKS_H_

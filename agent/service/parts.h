#ifndef RESETCTL_AGENT_SERVICE_PARTS_H_
#define RESETCTL_AGENT_SERVICE_PARTS_H_

#include <string>
#include <vector>

#include "agent/service/commit_memory.h"
#include "agent/service/local_key.h"
#include "agent/service/offer_verifier.h"
#include "agent/service/parameters.h"
#include "agent/service/plan_store.h"
#include "agent/service/ports.h"
#include "agent/service/scrubber.h"
#include "agent/service/trust_store.h"
#include "agent/service/witness.h"
#include "proto/base/clock.h"

namespace resetctl::agent {

// What the agent's services work with. The composition root owns everything that is referred to here, for longer than any
// service lives.
struct AgentParts {
  AgentIdentity identity;
  const base::Clock& clock;
  const TrustStore& trust;
  const LocalKey& key;
  PlanStore& plans;
  CommitMemory& commits;
  Witness& witness;
  TargetDatabase& database;
  TargetCache& cache;
  HookRunner& hooks;
  std::vector<ParameterSource> parameters;  // agent.yaml's list
  EnvironmentReader environment;
  Scrubber scrubber;  // knows the connection strings
};

// ENVIRONMENT_CONTRADICTS when RAILWAY_ENVIRONMENT (or RAILWAY_ENVIRONMENT_NAME) says that this process runs in another
// environment than the one that the agent was enrolled for.
absl::Status CheckRailwayEnvironment(const AgentParts& parts);

// Why nothing can be planned or run at present: ENVIRONMENT_CONTRADICTS, COMMIT_LOST, or what the witness of the log says
// (Witness::Check).
absl::Status CheckMayWork(const AgentParts& parts);

// The scrubber, and every secret value of `parameters`.
Scrubber ScrubberFor(const AgentParts& parts, const ResolvedParameters& parameters);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_PARTS_H_

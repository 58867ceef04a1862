#ifndef RESETCTL_AGENT_SERVICE_PLAN_PARAMETERS_H_
#define RESETCTL_AGENT_SERVICE_PLAN_PARAMETERS_H_

#include "absl/status/status.h"
#include "agent/service/local_key.h"
#include "agent/service/ports.h"
#include "proto/contract/blueprint.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// Writes the parameters into the plan: public values as they are, secrets as a MAC under the agent's key, bcrypt ones by name
// only (what they are made of is there).
void WritePlanParameters(const contract::Blueprint& blueprint, const ResolvedParameters& parameters,
                         const LocalKey& key, v1::PlanDocument* plan);

// STALE_PARAMETER when a value is no longer what the plan was made with: names the parameter, and for a public one the old
// value and the new.
absl::Status CheckPlanParameters(const contract::Blueprint& blueprint,
                                 const ResolvedParameters& parameters, const LocalKey& key,
                                 const v1::PlanDocument& plan);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_PLAN_PARAMETERS_H_

#ifndef RESETCTL_AGENT_SERVICE_RUN_MATERIAL_H_
#define RESETCTL_AGENT_SERVICE_RUN_MATERIAL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/service/parts.h"
#include "proto/contract/blueprint.h"
#include "proto/contract/bundle.h"
#include "proto/contract/environment_rules.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::agent {

// Everything that a run works with, put together again from the plan's bytes and the bundle that this agent kept.
struct RunMaterial {
  std::string run_id;
  std::string plan_digest;
  std::string runner;
  std::string nonce;
  v1::PlanDocument plan;
  contract::EnvironmentRules rules;  // with the milder blocker action of policy and floor
  contract::BundleFiles bundle;
  contract::Blueprint blueprint;
  std::vector<contract::RecreateStepSpec> steps;
  ResolvedParameters parameters;
  Scrubber scrubber;
};

// TRUST §4 for an offer: statements, then that the target is still what was approved: parameters (STALE_PARAMETER) and cache
// (STALE_CACHE, CACHE_UNREACHABLE). The database is compared under lock, in the run itself.
absl::StatusOr<RunMaterial> PrepareRun(const AgentParts& parts, const v1::RunOffer& offer);

// For a run that was verified and claimed before: after a crash, and for a resume. Checks own MAC and bundle digest, and lets
// changed parameters be.
absl::StatusOr<RunMaterial> RebuildRun(const AgentParts& parts, const v1::RunOffer& offer);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_RUN_MATERIAL_H_

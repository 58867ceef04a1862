#include "controller/service/catalogue.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/service/wire_time.h"
#include "proto/contract/approval_rules.h"
#include "proto/contract/digest.h"
#include "proto/contract/environment_rules.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::controller {

absl::StatusOr<v1::Environment> Catalogue::Show(const Requester& who, const Policy& policy,
                                                const std::string& name,
                                                const std::vector<AgentRecord>& agents) const {
  absl::StatusOr<std::optional<FreezeRecord>> freeze = desk_.freezes.FindFreeze(name);
  if (!freeze.ok()) return freeze.status();
  v1::Environment environment;
  if (freeze->has_value() && (*freeze)->until > desk_.clock.Now()) {
    v1::Freeze* shown = environment.mutable_freeze();
    shown->set_person((*freeze)->person);
    shown->set_reason((*freeze)->reason);
    SetTime((*freeze)->time, shown->mutable_time());
    if ((*freeze)->until != absl::InfiniteFuture()) {
      SetTime((*freeze)->until, shown->mutable_until());
    }
  }
  environment.set_name(name);
  const contract::EnvironmentRules& rules = *policy.FindEnvironment(name);
  environment.set_rules(contract::ToCanonicalJson(rules));
  environment.set_policy_digest(contract::Digest(environment.rules()));
  environment.set_rules_summary(contract::Summarize(rules));
  for (const AgentRecord& agent : agents) {
    if (agent.environment != name) continue;
    environment.add_targets(agent.target);
    if (std::optional<v1::Problem> problem = AlarmOf(agent)) {
      v1::LogAlarm* alarm = environment.add_log_alarms();
      alarm->set_target(agent.target);
      *alarm->mutable_problem() = *std::move(problem);
    }
  }
  environment.set_may_plan(MayPlan(policy, name, who.caller).allowed());
  environment.set_may_run(MayCancel(policy, name, who.caller).allowed());
  const Person* person = policy.FindPerson(who.caller.person);
  environment.set_may_approve(
      person != nullptr &&
      contract::MayApprove(rules.approvals, policy.groups, "", who.caller.person, person->robot));
  return environment;
}

absl::StatusOr<v1::ListEnvironmentsResponse> Catalogue::ListEnvironments(const Requester& who) {
  absl::StatusOr<std::vector<AgentRecord>> agents = desk_.agent_records.ListAgents();
  if (!agents.ok()) return agents.status();
  const std::shared_ptr<const Policy> policy = desk_.policy.Get();
  v1::ListEnvironmentsResponse response;
  for (const auto& [name, rules] : policy->environments) {
    if (!MayRead(*policy, name, who.caller).allowed()) continue;
    absl::StatusOr<v1::Environment> environment = Show(who, *policy, name, *agents);
    if (!environment.ok()) return environment.status();
    *response.add_environments() = *std::move(environment);
  }
  return response;
}

absl::StatusOr<v1::GetEnvironmentResponse> Catalogue::GetEnvironment(
    const Requester& who, const v1::GetEnvironmentRequest& request) {
  const std::shared_ptr<const Policy> policy = desk_.policy.Get();
  absl::Status allowed = MayRead(*policy, request.name(), who.caller).ToStatus();
  if (!allowed.ok()) return allowed;
  absl::StatusOr<std::vector<AgentRecord>> agents = desk_.agent_records.ListAgents();
  if (!agents.ok()) return agents.status();
  v1::GetEnvironmentResponse response;
  absl::StatusOr<v1::Environment> environment = Show(who, *policy, request.name(), *agents);
  if (!environment.ok()) return environment.status();
  *response.mutable_environment() = *std::move(environment);
  return response;
}

v1::GetPolicyResponse Catalogue::GetPolicy() {
  const std::shared_ptr<const Policy> policy = desk_.policy.Get();
  v1::GetPolicyResponse response;
  response.set_yaml(policy->yaml);
  response.set_digest(policy->digest);
  return response;
}

absl::StatusOr<v1::ListTargetsResponse> Catalogue::ListTargets(
    const Requester& who, const v1::ListTargetsRequest& request) {
  if (!request.environment().empty()) {
    absl::Status allowed = CheckRead(desk_, who, request.environment());
    if (!allowed.ok()) return allowed;
  }
  absl::StatusOr<std::vector<AgentRecord>> agents = desk_.agent_records.ListAgents();
  if (!agents.ok()) return agents.status();
  v1::ListTargetsResponse response;
  for (const AgentRecord& agent : *agents) {
    if (!request.environment().empty() && agent.environment != request.environment()) continue;
    if (!CheckRead(desk_, who, agent.environment).ok()) continue;
    *response.add_targets() = ShowTarget(desk_, agent);
  }
  return response;
}

absl::StatusOr<v1::GetTargetResponse> Catalogue::GetTarget(const Requester& who,
                                                           const v1::GetTargetRequest& request) {
  absl::Status allowed = CheckRead(desk_, who, request.environment());
  if (!allowed.ok()) return allowed;
  absl::StatusOr<AgentRecord> agent =
      desk_.agent_records.GetAgent(request.environment(), request.name());
  if (!agent.ok()) {
    if (!absl::IsNotFound(agent.status())) return agent.status();
    return contract::Error(v1::REASON_NOT_FOUND,
                           absl::StrCat("environment ", request.environment(), " has no target '",
                                        request.name(), "'"),
                           "see what there is: resetctl target list");
  }
  v1::GetTargetResponse response;
  *response.mutable_target() = ShowTarget(desk_, *agent);
  return response;
}

}  // namespace resetctl::controller

#ifndef RESETCTL_CONTROLLER_DOMAIN_POLICY_CHECKS_H_
#define RESETCTL_CONTROLLER_DOMAIN_POLICY_CHECKS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "controller/domain/decision.h"
#include "controller/domain/policy.h"

namespace resetctl::controller {

// What several decisions ask: each adds its objection, so that a decision holds all of them.

// Known, and with this key. False after an objection.
bool CheckPerson(const Policy& policy, const Caller& caller, Decision* decision);
// In one of `groups`. `verb` and `environment` are for the sentence.
void CheckRole(const Policy& policy, const std::vector<std::string>& groups, absl::string_view verb,
               absl::string_view environment, const Caller& caller, Decision* decision);
// Null after an objection.
const contract::EnvironmentRules* CheckEnvironment(const Policy& policy,
                                                   absl::string_view environment,
                                                   Decision* decision);
void CheckNotExpired(const PlanRecord& plan, absl::Time now, Decision* decision);
// PENDING_APPROVAL or APPROVED. False after an objection.
bool CheckOpen(const PlanRecord& plan, Decision* decision);
// The rules that the plan carries, or an objection.
absl::StatusOr<contract::EnvironmentRules> RulesOrObjection(const PlanRecord& plan,
                                                            Decision* decision);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_POLICY_CHECKS_H_

#ifndef RESETCTL_CONTROLLER_DOMAIN_PLAN_RULES_H_
#define RESETCTL_CONTROLLER_DOMAIN_PLAN_RULES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "controller/domain/decision.h"
#include "controller/domain/policy.h"

namespace resetctl::controller {

// What stands between a plan and a run (DESIGN §8). The rules are those that the plan carries; people, keys and freezes are
// taken live. Pure: what decides beside policy, plan and approvals was read by the caller, at one moment.
struct Circumstances {
  std::optional<FreezeRecord> freeze;
  // When a run of the same bundle last succeeded in the environment that `after_success_in` names.
  std::optional<absl::Time> rehearsed;
  // A break-glass run of the same target that nobody has reviewed yet; empty: none.
  std::string unreviewed_run;
};

// How one rule was decided.
struct RuleVerdict {
  std::string rule;                    // as policy.yaml calls it
  std::string how;                     // '2 of 2: bob, carol', 'open until Sat 06:00 Europe/Berlin'
  std::optional<Objection> objection;  // none: the rule holds
};

// Every rule of the plan's environment, in one order. Empty for a plan whose rules cannot be read.
std::vector<RuleVerdict> ExplainPlan(const Policy& policy, const PlanRecord& plan,
                                     const std::vector<ApprovalRecord>& approvals,
                                     const Circumstances& circumstances, absl::Time now);

// All that stands between this plan and a run now, whoever orders it: what everybody sees under a plan.
Decision EvaluatePlan(const Policy& policy, const PlanRecord& plan,
                      const std::vector<ApprovalRecord>& approvals,
                      const Circumstances& circumstances, absl::Time now);

// The same, and whether `caller` may order it. The phrase is CheckPhrase's.
Decision EvaluateRun(const Policy& policy, const PlanRecord& plan,
                     const std::vector<ApprovalRecord>& approvals,
                     const Circumstances& circumstances, absl::Time now, const Caller& caller);

// The same for a run that breaks the glass (TRUST §8): windows, freeze, rehearsal and the number of approvals are skipped,
// nothing else. The rules must name `caller` for it, as many others of those groups as they ask for must have approved, and
// the target's last one must have been reviewed.
Decision EvaluateBreakGlass(const Policy& policy, const PlanRecord& plan,
                            const std::vector<ApprovalRecord>& approvals,
                            const Circumstances& circumstances, absl::Time now,
                            const Caller& caller);

// PLAN_EXPIRED, before anything about a statement: statements never outlive their plan, and a new one would not help.
Decision CheckExpiry(const PlanRecord& plan, absl::Time now);

// What the runner must type: the rules' phrase, a space, the target's name. Empty when the rules have none.
std::string PhraseFor(const contract::EnvironmentRules& rules, absl::string_view target);
// REASON_WRONG_PHRASE unless `typed` is exactly that.
Decision CheckPhrase(const PlanRecord& plan, absl::string_view typed);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_PLAN_RULES_H_

#ifndef RESETCTL_AGENT_SERVICE_PLAN_MAKER_H_
#define RESETCTL_AGENT_SERVICE_PLAN_MAKER_H_

#include "agent/service/parts.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::agent {

// Makes plans. Verifies the author's statement and the floor's plan right before it reads anything, then collects every problem
// there is, so that people mend a blueprint once.
class PlanMaker {
 public:
  explicit PlanMaker(const AgentParts& parts) : parts_(parts) {}

  // A document with its MAC, stored durably here with its bundle; or problems. Blocks for as long as counting takes.
  v1::PlanReply MakePlan(const v1::PlanOrder& order);

 private:
  void Fill(const v1::PlanOrder& order, const VerifiedPlanOrder& verified, const Trust& trust,
            const contract::EnvironmentRules& rules, v1::PlanReply* reply);
  void SurveyCache(const contract::Blueprint& blueprint, v1::PlanDocument* plan,
                   v1::PlanReply* reply);
  void DescribeHooks(const contract::Blueprint& blueprint, const ResolvedParameters& parameters,
                     v1::PlanDocument* plan, v1::PlanReply* reply);
  absl::Status Finish(const v1::PlanOrder& order, const v1::PlanDocument& plan,
                      v1::PlanReply* reply);

  const AgentParts& parts_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_PLAN_MAKER_H_

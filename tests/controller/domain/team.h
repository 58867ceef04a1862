#ifndef RESETCTL_TESTS_CONTROLLER_DOMAIN_TEAM_H_
#define RESETCTL_TESTS_CONTROLLER_DOMAIN_TEAM_H_

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "controller/domain/policy.h"
#include "proto/contract/reasons.h"
#include "tests/support/controller_builders.h"

namespace resetctl::controller {

inline std::vector<std::string> ReasonsOf(const Decision& decision) {
  std::vector<std::string> names;
  for (const Objection& objection : decision.objections) {
    names.push_back(contract::NameOf(objection.reason));
    EXPECT_FALSE(objection.message.empty());
    EXPECT_FALSE(objection.advice.empty()) << objection.message;
  }
  EXPECT_EQ(decision.allowed(), names.empty());
  return names;
}

// Production of DESIGN §8: two approvals from distinct groups of dba and product, four hours long, not the author's.
inline contract::EnvironmentRules Production() {
  contract::EnvironmentRules rules;
  rules.read = {"everyone"};
  rules.plan = {"dba"};
  rules.run = {"dba"};
  rules.approvals = {2, {"dba", "product"}, false, true, absl::Hours(4)};
  rules.confirm = "DELETE ALL DATA";
  return rules;
}

inline contract::EnvironmentRules Staging() {
  contract::EnvironmentRules rules;
  rules.read = {"everyone"};
  rules.plan = {"developers", "robots"};
  rules.run = {"developers", "robots"};
  return rules;
}

inline Policy Team() {
  return PolicyBuilder()
      .Person("alice", {"dba"})
      .Person("bob", {"dba"})
      .Person("carol", {"product"})
      .Person("dave", {"developers"})
      .Person("nightly", {"robots", "dba"}, /*robot=*/true)
      .Environment("production", Production())
      .Environment("staging", Staging())
      .Admin("dba")
      .Build();
}

inline PlanRecord ProductionPlan() { return APlan().Rules(Production()).By("alice").Build(); }

inline std::vector<ApprovalRecord> BobAndCarol(const PlanRecord& plan) {
  return {ADecision(plan, "bob", "approve"), ADecision(plan, "carol", "approve")};
}

inline absl::Time Now() { return Start() + absl::Hours(1); }

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_CONTROLLER_DOMAIN_TEAM_H_

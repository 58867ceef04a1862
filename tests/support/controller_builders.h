#ifndef RESETCTL_TESTS_SUPPORT_CONTROLLER_BUILDERS_H_
#define RESETCTL_TESTS_SUPPORT_CONTROLLER_BUILDERS_H_

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "controller/domain/policy.h"
#include "controller/domain/records.h"
#include "proto/contract/allowed_signers.h"
#include "proto/contract/digest.h"
#include "proto/contract/environment_rules.h"
#include "tests/support/public_keys.h"

namespace resetctl::controller {

// 2026-11-24 08:00:00 UTC: when the tests' stories begin.
inline absl::Time Start() { return absl::FromUnixSeconds(1795507200); }

using support::FingerprintOf;
using support::KeyLine;

// The caller or approver `name`, with the key of the same name.
inline Caller As(const std::string& name) { return {name, FingerprintOf(name)}; }

// A policy of people and their groups; environments come from plans or are set by the test.
class PolicyBuilder {
 public:
  PolicyBuilder& Person(const std::string& name, const std::set<std::string>& groups,
                        bool robot = false) {
    controller::Person person;
    person.name = name;
    person.keys.push_back(*contract::ParsePublicKey(KeyLine(name)));
    person.groups = groups;
    person.robot = robot;
    for (const std::string& group : groups) policy_.groups[group].insert(name);
    policy_.groups["everyone"].insert(name);
    policy_.people[name] = std::move(person);
    return *this;
  }
  PolicyBuilder& Environment(const std::string& name, contract::EnvironmentRules rules) {
    policy_.environments[name] = std::move(rules);
    return *this;
  }
  PolicyBuilder& Admin(const std::string& group) {
    policy_.admin_groups.push_back(group);
    return *this;
  }
  Policy Build() const { return policy_; }

 private:
  Policy policy_;
};

// A plan as the store keeps it.
class PlanBuilder {
 public:
  PlanBuilder() {
    plan_.document = "document";
    plan_.mac = "mac";
    plan_.bundle_digest = contract::Digest("bundle");
    plan_.plan_statement.set_text("resetctl-plan-v1\n");
    plan_.environment = "production";
    plan_.target = "rental-manager";
    plan_.author = "alice";
    plan_.author_key_fingerprint = FingerprintOf("alice");
    plan_.floor_digest = contract::Digest("floor");
    plan_.blueprint_name = "rental-manager";
    plan_.rows_total = 250000;
    plan_.tables_total = 45;
    plan_.create_time = Start();
    plan_.expire_time = Start() + absl::Hours(24);
    plan_.state = v1::PLAN_STATE_PENDING_APPROVAL;
    Rules({});
  }
  PlanBuilder& For(std::string environment, std::string target = "rental-manager") {
    plan_.environment = std::move(environment);
    plan_.target = std::move(target);
    return *this;
  }
  PlanBuilder& By(const std::string& author) {
    plan_.author = author;
    return *this;
  }
  PlanBuilder& Rules(const contract::EnvironmentRules& rules) {
    plan_.rules = contract::ToCanonicalJson(rules);
    plan_.policy_digest = contract::Digest(plan_.rules);
    return *this;
  }
  PlanBuilder& State(v1::PlanState state) {
    plan_.state = state;
    return *this;
  }
  // Other bytes, other id.
  PlanBuilder& Document(std::string document) {
    plan_.document = std::move(document);
    return *this;
  }
  PlanBuilder& Expires(absl::Time time) {
    plan_.expire_time = time;
    return *this;
  }
  PlanRecord Build() {
    plan_.id = contract::PlanId(plan_.document);
    return plan_;
  }

 private:
  PlanRecord plan_;
};
inline PlanBuilder APlan() { return {}; }

// A decision about `plan` by `person`, with that person's key.
inline ApprovalRecord ADecision(const PlanRecord& plan, const std::string& person,
                                const std::string& decision, absl::Time time = Start()) {
  ApprovalRecord approval;
  approval.plan_id = plan.id;
  approval.person = person;
  approval.key_fingerprint = FingerprintOf(person);
  approval.decision = decision;
  approval.policy_digest = plan.policy_digest;
  approval.floor_digest = plan.floor_digest;
  approval.start_before = time + absl::Hours(12);
  approval.time = time;
  approval.statement.set_text(absl::StrCat("resetctl-approval-v1\nperson: ", person, "\n"));
  return approval;
}

inline RunRecord ARun(const PlanRecord& plan, const std::string& id = "r-00000000000000a1") {
  RunRecord run;
  run.id = id;
  run.plan_id = plan.id;
  run.environment = plan.environment;
  run.target = plan.target;
  run.runner = "alice";
  run.runner_key_fingerprint = FingerprintOf("alice");
  run.run_statement.set_text("resetctl-run-v1\n");
  run.create_time = Start();
  run.hold_until = Start();
  run.start_before = Start() + absl::Hours(1);
  run.state = v1::RUN_STATE_HELD;
  return run;
}

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_SUPPORT_CONTROLLER_BUILDERS_H_

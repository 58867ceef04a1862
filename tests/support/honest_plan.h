#ifndef RESETCTL_TESTS_SUPPORT_HONEST_PLAN_H_
#define RESETCTL_TESTS_SUPPORT_HONEST_PLAN_H_

#include <string>

#include "absl/time/time.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/statement.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::test {

// The plan that an honest agent makes for an order.
inline v1::PlanDocument DocumentFor(const v1::PlanOrder& order, const std::string& environment,
                                    const std::string& target, absl::Time now) {
  v1::PlanDocument plan;
  plan.set_format(1);
  plan.set_environment(environment);
  plan.set_target(target);
  const auto statement = contract::Statement::Parse(order.plan_statement().text());
  plan.set_author(statement->person());
  plan.set_plan_statement_digest(contract::Digest(order.plan_statement().text()));
  plan.set_bundle_digest(contract::Digest(order.bundle()));
  plan.set_rules(order.rules());
  plan.set_policy_digest(contract::Digest(order.rules()));
  plan.set_floor_digest(contract::Digest("floor"));
  *plan.mutable_sets() = order.sets();
  plan.set_blueprint_name("rental-manager");
  plan.mutable_make_time()->set_seconds(absl::ToUnixSeconds(now));
  plan.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(now + absl::Hours(24)));
  plan.set_reason(base::ToHex(base::RandomBytes(8)));  // no two plans are the same bytes
  return plan;
}

}  // namespace resetctl::test

#endif  // RESETCTL_TESTS_SUPPORT_HONEST_PLAN_H_

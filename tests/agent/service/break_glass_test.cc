// Breaking the glass: fewer approvals, by people whom floor and plan name for it (TRUST §8).
#include <gtest/gtest.h>

#include "agent/service/offer_verifier.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/agent/service/stage.h"

namespace resetctl::agent {
namespace {

using contract::ReasonOf;

constexpr char kBreakGlassFloor[] = R"(
groups: {dba: [alice, bob], product: [dana], sre: [carol, bob]}
plan: [dba]
run: [dba]
approvals: {required: 2, groups: [dba, product], distinct_groups: true}
break_glass: {groups: [sre], approvals: 1}
)";

// bob's plan, run by carol, approved by whoever `approvers` names.
class BreakGlassTest : public testing::Test {
 protected:
  BreakGlassTest() : draft_(stage_) {
    stage_.WriteFloor(kBreakGlassFloor);
    draft_.edit_plan = [](v1::PlanDocument& plan) {
      plan.set_floor_digest(contract::Digest(kBreakGlassFloor));
      contract::EnvironmentRules rules = *contract::ParseCanonicalJson(plan.rules());
      rules.break_glass = {{"sre"}, 1};
      plan.set_rules(contract::ToCanonicalJson(rules));
      plan.set_policy_digest(contract::Digest(plan.rules()));
    };
    draft_.edit_run = [](Words& words) {
      words.key_of = words.fields["person"] = "carol";
      words.fields["break-glass"] = "the shop is down";
    };
    draft_.approvers = {};
  }
  absl::StatusOr<VerifiedOffer> Verify() {
    const absl::StatusOr<Trust> trust = stage_.trust.Load();
    if (!trust.ok()) return trust.status();
    return VerifyOffer(draft_.Build(), stage_.parts.identity, stage_.key, *trust,
                       stage_.clock.Now());
  }
  v1::Reason Why() {
    const auto verified = Verify();
    return verified.ok() ? v1::REASON_UNSPECIFIED : ReasonOf(verified.status());
  }

  Stage stage_;
  OfferDraft draft_;
};

TEST_F(BreakGlassTest, TakesOneApprovalOfAnotherWhomTheFloorNames) {
  // bob is the author: his own approval of his plan does not count, alice is no sre.
  for (const std::vector<std::string>& approvers :
       std::vector<std::vector<std::string>>{{}, {"bob"}, {"alice"}, {"carol"}}) {
    draft_.approvers = approvers;
    EXPECT_NE(Why(), v1::REASON_UNSPECIFIED);
  }
  draft_.edit_run = [](Words& words) { words.fields["break-glass"] = "the shop is down"; };
  draft_.approvers = {"carol"};  // bob runs
  const auto verified = Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->break_glass, "the shop is down");
}

TEST_F(BreakGlassTest, WhoeverRunsDoesNotApproveToo) {
  draft_.approvers = {"carol"};
  EXPECT_EQ(Why(), v1::REASON_SELF_APPROVAL);
}

TEST_F(BreakGlassTest, IsForThoseWhomTheFloorNames) {
  draft_.edit_run = [](Words& words) {
    words.key_of = words.fields["person"] = "alice";
    words.fields["break-glass"] = "the shop is down";
  };
  draft_.approvers = {"carol"};
  EXPECT_EQ(Why(), v1::REASON_FLOOR_REFUSES);
}

TEST_F(BreakGlassTest, PlanAndFloorMustBothKnowIt) {
  draft_.edit_run = [](Words& words) { words.fields["break-glass"] = "the shop is down"; };
  draft_.approvers = {"carol"};
  const auto with_rule = draft_.edit_plan;
  draft_.edit_plan = [](v1::PlanDocument& plan) {
    plan.set_floor_digest(contract::Digest(kBreakGlassFloor));
  };
  EXPECT_EQ(Why(), v1::REASON_NOT_BREAK_GLASS);
  draft_.edit_plan = [&](v1::PlanDocument& plan) {
    with_rule(plan);
    plan.set_floor_digest(contract::Digest(kFloor));
  };
  stage_.WriteFloor(kFloor);
  EXPECT_EQ(Why(), v1::REASON_FLOOR_REFUSES);
}

TEST_F(BreakGlassTest, AReasonThatTheRunnerDidNotSignBreaksNothing) {
  draft_.edit_run = [](Words& words) { words.fields["break-glass"] = "the shop is down"; };
  draft_.approvers = {"carol"};
  draft_.tamper = [](v1::RunOffer& offer) {
    std::string* text = offer.mutable_run_statement()->mutable_text();
    text->replace(text->find("the shop is down"), 16, "the shop is slow");
  };
  EXPECT_EQ(Why(), v1::REASON_BAD_SIGNATURE);
}

}  // namespace
}  // namespace resetctl::agent

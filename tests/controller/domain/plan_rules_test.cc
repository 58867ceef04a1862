#include "controller/domain/plan_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/domain/team.h"

namespace resetctl::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(RunTest, IsAllowedWithTheQuorum) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, BobAndCarol(plan), {}, Now(), As("alice"))),
              IsEmpty());
}

TEST(RunTest, NeedsNoApprovalWhereNoneIsRequired) {
  const PlanRecord plan = APlan().For("staging").By("nightly").Rules(Staging()).Build();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, {}, {}, Now(), As("nightly"))), IsEmpty());
}

TEST(RunTest, RunningNeverImpliesApproving) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, {ADecision(plan, "carol", "approve")}, {}, Now(),
                                    As("bob"))),
              ElementsAre("APPROVALS_MISSING"));
}

TEST(RunTest, TwoOfOneGroupAreNotDistinct) {
  const Policy policy = PolicyBuilder()
                            .Person("alice", {"dba"})
                            .Person("bob", {"dba"})
                            .Person("ben", {"dba"})
                            .Person("carol", {"product"})
                            .Environment("production", Production())
                            .Build();
  const PlanRecord plan = ProductionPlan();
  const Decision decision = EvaluateRun(
      policy, plan, {ADecision(plan, "bob", "approve"), ADecision(plan, "ben", "approve")}, {},
      Now(), As("alice"));
  EXPECT_THAT(ReasonsOf(decision), ElementsAre("APPROVALS_MISSING"));
  EXPECT_THAT(decision.objections[0].advice, HasSubstr("carol"));
}

TEST(RunTest, RefusesWhoMayNotRun) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, BobAndCarol(plan), {}, Now(), As("carol"))),
              ElementsAre("ROLE_MISSING"));
}

TEST(RunTest, RefusesWhileFrozen) {
  const PlanRecord plan = ProductionPlan();
  const FreezeRecord freeze{"production", "carol", "year end", Start()};
  const Decision decision =
      EvaluateRun(Team(), plan, BobAndCarol(plan), {freeze, {}, ""}, Now(), As("alice"));
  EXPECT_THAT(ReasonsOf(decision), ElementsAre("FROZEN"));
  EXPECT_EQ(decision.objections[0].message, "production is frozen by carol: year end.");
}

TEST(RunTest, TellsAllObjectionsAtOnce) {
  const PlanRecord plan = ProductionPlan();
  const FreezeRecord freeze{"production", "carol", "", Start()};
  const Decision decision =
      EvaluateRun(Team(), plan, {}, {freeze, {}, ""}, plan.expire_time, As("dave"));
  EXPECT_THAT(ReasonsOf(decision),
              ElementsAre("ROLE_MISSING", "PLAN_EXPIRED", "APPROVALS_MISSING", "FROZEN"));
  const absl::Status status = decision.ToStatus();
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_ROLE_MISSING);
  EXPECT_THAT(contract::ProblemOf(status).advice(), HasSubstr("frozen by carol"));
}

TEST(RunTest, WhatHasEndedNeedsANewPlanAndNothingElse) {
  for (const v1::PlanState state : {v1::PLAN_STATE_CONSUMED, v1::PLAN_STATE_REJECTED,
                                    v1::PLAN_STATE_STALE, v1::PLAN_STATE_WITHDRAWN}) {
    PlanRecord plan = ProductionPlan();
    plan.state = state;
    const Decision decision = EvaluateRun(Team(), plan, {}, {}, Now(), As("alice"));
    EXPECT_THAT(ReasonsOf(decision), ElementsAre("WRONG_STATE"));
    EXPECT_EQ(decision.objections[0].advice, "Make a new plan.");
  }
  PlanRecord expired = ProductionPlan();
  expired.state = v1::PLAN_STATE_EXPIRED;
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), expired, {}, {}, Now(), As("alice"))),
              ElementsAre("PLAN_EXPIRED"));
}

TEST(RunTest, APlanRunsOnceAtATime) {
  PlanRecord plan = ProductionPlan();
  plan.state = v1::PLAN_STATE_RUNNING;
  plan.last_run_id = "r-00000000000000a1";
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, BobAndCarol(plan), {}, Now(), As("bob"))),
              ElementsAre("WRONG_STATE"));
}

TEST(RunTest, RulesThatCannotBeReadRefuseEverything) {
  PlanRecord plan = ProductionPlan();
  plan.rules = R"({"windows":["Sat 02:00-06:00"]})";
  EXPECT_FALSE(EvaluateRun(Team(), plan, BobAndCarol(plan), {}, Now(), As("alice")).allowed());
  EXPECT_FALSE(MayApprove(Team(), plan, {}, Now(), As("bob")).allowed());
}

TEST(RunTest, AnEnvironmentThatThePolicyNoLongerHasRefuses) {
  const PlanRecord plan = APlan().For("demo").Rules(Production()).By("alice").Build();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, BobAndCarol(plan), {}, Now(), As("alice"))),
              ElementsAre("NOT_FOUND"));
}

TEST(PhraseTest, IsThePhraseAndTheTargetsName) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(CheckPhrase(plan, "DELETE ALL DATA rental-manager")), IsEmpty());
  for (const char* wrong : {"", "DELETE ALL DATA", "delete all data rental-manager",
                            "DELETE ALL DATA rental-manager ", "DELETE ALL DATA other"}) {
    const Decision decision = CheckPhrase(plan, wrong);
    EXPECT_THAT(ReasonsOf(decision), ElementsAre("WRONG_PHRASE")) << wrong;
    EXPECT_EQ(decision.objections[0].advice, "Type exactly: DELETE ALL DATA rental-manager");
  }
}

TEST(PhraseTest, NothingIsTypedWhereNoneIsAskedFor) {
  const PlanRecord plan = APlan().For("staging").Rules(Staging()).Build();
  EXPECT_THAT(ReasonsOf(CheckPhrase(plan, "")), IsEmpty());
}

// What `rule` says for the plan of `rules` with its quorum.
RuleVerdict VerdictOf(const std::string& rule, const contract::EnvironmentRules& rules,
                      const Circumstances& circumstances, absl::Time now) {
  const PlanRecord plan = APlan().Rules(rules).By("alice").Expires(now + absl::Hours(240)).Build();
  for (RuleVerdict& verdict : ExplainPlan(Team(), plan, {}, circumstances, now)) {
    if (verdict.rule == rule) return verdict;
  }
  ADD_FAILURE() << "no verdict about " << rule;
  return {};
}

TEST(RehearsalTest, IsASuccessOfTheSameBlueprintWithinATime) {
  contract::EnvironmentRules rules = Staging();
  rules.after_success_in = {"staging", absl::Hours(48)};
  const RuleVerdict never = VerdictOf("after_success_in", rules, {}, Now());
  EXPECT_EQ(never.objection->reason, v1::REASON_REHEARSAL_MISSING);
  EXPECT_EQ(never.how, "The same blueprint, byte for byte, has never succeeded in staging.");
  const RuleVerdict fresh =
      VerdictOf("after_success_in", rules, {{}, Now() - absl::Hours(48), ""}, Now());
  EXPECT_FALSE(fresh.objection) << fresh.how;
  EXPECT_EQ(fresh.how, "the same blueprint succeeded in staging 2 d 0 h ago");
  const RuleVerdict old =
      VerdictOf("after_success_in", rules, {{}, Now() - absl::Hours(49), ""}, Now());
  EXPECT_EQ(old.objection->reason, v1::REASON_REHEARSAL_MISSING);
  EXPECT_THAT(old.how, HasSubstr("2 d 1 h ago, and production wants it within 2 d 0 h"));
}

TEST(WindowRuleTest, SaysWhenTheNextOneOpens) {
  contract::EnvironmentRules rules = Staging();
  rules.windows = {"Sat 02:00-06:00 Europe/Berlin", "Sun 02:00-06:00 Europe/Berlin"};
  const absl::Time friday = absl::FromUnixSeconds(1795816080);  // 2026-11-27 21:48 UTC
  const RuleVerdict shut = VerdictOf("windows", rules, {}, friday);
  EXPECT_EQ(shut.objection->reason, v1::REASON_OUTSIDE_WINDOW);
  EXPECT_EQ(shut.objection->advice,
            "The next one opens Sat 2026-11-28 02:00 Europe/Berlin, in 3 h 12 min.");
  const RuleVerdict open = VerdictOf("windows", rules, {}, friday + absl::Hours(4));
  EXPECT_FALSE(open.objection);
  EXPECT_EQ(open.how, "open until Sat 2026-11-28 06:00 Europe/Berlin, for 3 h 12 min");
  EXPECT_EQ(VerdictOf("windows", Staging(), {}, friday).how, "at any time");
}

TEST(ExplainTest, SaysOfEveryRuleHowItWasDecided) {
  const PlanRecord plan = ProductionPlan();
  std::vector<std::string> lines;
  for (const RuleVerdict& verdict : ExplainPlan(Team(), plan, BobAndCarol(plan), {}, Now())) {
    lines.push_back(absl::StrCat(verdict.rule, ": ", verdict.how));
  }
  EXPECT_THAT(lines, ElementsAre("plan_ttl: the plan is good until 2026-11-25 08:00 UTC",
                                 "approvals: 2 of 2: bob, carol", "windows: at any time",
                                 "freeze: production is not frozen"));
}

}  // namespace
}  // namespace resetctl::controller

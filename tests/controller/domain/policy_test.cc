#include "controller/domain/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/support/controller_builders.h"

namespace resetctl::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> ReasonsOf(const Decision& decision) {
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
contract::EnvironmentRules Production() {
  contract::EnvironmentRules rules;
  rules.read = {"everyone"};
  rules.plan = {"dba"};
  rules.run = {"dba"};
  rules.approvals = {2, {"dba", "product"}, false, true, absl::Hours(4)};
  rules.confirm = "DELETE ALL DATA";
  return rules;
}

contract::EnvironmentRules Staging() {
  contract::EnvironmentRules rules;
  rules.read = {"everyone"};
  rules.plan = {"developers", "robots"};
  rules.run = {"developers", "robots"};
  return rules;
}

Policy Team() {
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

PlanRecord ProductionPlan() { return APlan().Rules(Production()).By("alice").Build(); }

std::vector<ApprovalRecord> BobAndCarol(const PlanRecord& plan) {
  return {ADecision(plan, "bob", "approve"), ADecision(plan, "carol", "approve")};
}

absl::Time Now() { return Start() + absl::Hours(1); }

TEST(RoleTest, OnlyTheNamedGroupsPlan) {
  EXPECT_THAT(ReasonsOf(MayPlan(Team(), "production", As("alice"))), IsEmpty());
  EXPECT_THAT(ReasonsOf(MayPlan(Team(), "production", As("dave"))), ElementsAre("ROLE_MISSING"));
  EXPECT_THAT(ReasonsOf(MayPlan(Team(), "staging", As("dave"))), IsEmpty());
  EXPECT_THAT(ReasonsOf(MayPlan(Team(), "staging", As("nightly"))), IsEmpty());
}

TEST(RoleTest, EveryoneIsEveryKnownPerson) {
  EXPECT_THAT(ReasonsOf(MayRead(Team(), "production", As("dave"))), IsEmpty());
  EXPECT_THAT(ReasonsOf(MayRead(Team(), "production", As("mallory"))),
              ElementsAre("UNKNOWN_PERSON"));
}

TEST(RoleTest, APersonComesWithTheirOwnKey) {
  EXPECT_THAT(ReasonsOf(MayPlan(Team(), "production", {"alice", FingerprintOf("bob")})),
              ElementsAre("UNKNOWN_KEY"));
}

TEST(RoleTest, AnUnknownEnvironmentAndAnUnknownPersonAreTwoObjections) {
  EXPECT_THAT(ReasonsOf(MayPlan(Team(), "demo", As("mallory"))),
              ElementsAre("NOT_FOUND", "UNKNOWN_PERSON"));
}

TEST(RoleTest, RunnersCancel) {
  EXPECT_THAT(ReasonsOf(MayCancel(Team(), "production", As("bob"))), IsEmpty());
  EXPECT_THAT(ReasonsOf(MayCancel(Team(), "production", As("carol"))), ElementsAre("ROLE_MISSING"));
}

TEST(RoleTest, AdminsAreNamed) {
  EXPECT_THAT(ReasonsOf(MayAdmin(Team(), As("alice"))), IsEmpty());
  EXPECT_THAT(ReasonsOf(MayAdmin(Team(), As("carol"))), ElementsAre("ROLE_MISSING"));
}

TEST(ApproveTest, TakesAnApprover) {
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), ProductionPlan(), {}, Now(), As("bob"))), IsEmpty());
}

TEST(ApproveTest, RefusesSelfApproval) {
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), ProductionPlan(), {}, Now(), As("alice"))),
              ElementsAre("SELF_APPROVAL"));
}

TEST(ApproveTest, LetsTheAuthorApproveWhereTheRulesSaySo) {
  contract::EnvironmentRules rules = Staging();
  rules.approvals = {1, {}, true, false, absl::InfiniteDuration()};
  const PlanRecord plan = APlan().For("staging").By("dave").Rules(rules).Build();
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), plan, {}, Now(), As("dave"))), IsEmpty());
}

TEST(ApproveTest, RefusesSomeoneUnknown) {
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), ProductionPlan(), {}, Now(), As("mallory"))),
              ElementsAre("UNKNOWN_PERSON"));
}

TEST(ApproveTest, RefusesARobotThatIsInTheGroup) {
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), ProductionPlan(), {}, Now(), As("nightly"))),
              ElementsAre("ROBOT_CANNOT_APPROVE"));
}

TEST(ApproveTest, RefusesWhoIsInNoApprovingGroup) {
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), ProductionPlan(), {}, Now(), As("dave"))),
              ElementsAre("NOT_AN_APPROVER"));
}

TEST(ApproveTest, RefusesTheSamePersonTwice) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(
      ReasonsOf(MayApprove(Team(), plan, {ADecision(plan, "bob", "approve")}, Now(), As("bob"))),
      ElementsAre("ALREADY_APPROVED"));
}

TEST(ApproveTest, TakesANewApprovalAfterTheOldOneWasTakenBackOrRanOut) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(
      ReasonsOf(MayApprove(Team(), plan,
                           {ADecision(plan, "bob", "approve"), ADecision(plan, "bob", "unapprove")},
                           Now(), As("bob"))),
      IsEmpty());
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), plan, {ADecision(plan, "bob", "approve")},
                                   Start() + absl::Hours(4), As("bob"))),
              IsEmpty());
}

TEST(ApproveTest, RefusesAnExpiredPlanAndAPlanThatHasEnded) {
  PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), plan, {}, plan.expire_time, As("bob"))),
              ElementsAre("PLAN_EXPIRED"));
  plan.state = v1::PLAN_STATE_CONSUMED;
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), plan, {}, Now(), As("bob"))),
              ElementsAre("WRONG_STATE"));
}

TEST(ApproveTest, TellsAllObjectionsAtOnce) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(MayApprove(Team(), plan, {}, plan.expire_time, As("alice"))),
              ElementsAre("PLAN_EXPIRED", "SELF_APPROVAL"));
}

TEST(UnapproveTest, TakesBackOnlyWhatStands) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(MayUnapprove(Team(), plan, BobAndCarol(plan), Now(), As("bob"))),
              IsEmpty());
  EXPECT_THAT(ReasonsOf(MayUnapprove(Team(), plan, {ADecision(plan, "carol", "approve")}, Now(),
                                     As("bob"))),
              ElementsAre("NOT_FOUND"));
}

TEST(UnapproveTest, IsTooLateOnceTheRunStarted) {
  PlanRecord plan = ProductionPlan();
  plan.state = v1::PLAN_STATE_RUNNING;
  EXPECT_THAT(ReasonsOf(MayUnapprove(Team(), plan, BobAndCarol(plan), Now(), As("bob"))),
              ElementsAre("WRONG_STATE"));
}

TEST(RejectTest, IsForApproversAndTheAuthor) {
  EXPECT_THAT(ReasonsOf(MayReject(Team(), ProductionPlan(), Now(), As("carol"))), IsEmpty());
  EXPECT_THAT(ReasonsOf(MayReject(Team(), ProductionPlan(), Now(), As("alice"))), IsEmpty());
  EXPECT_THAT(ReasonsOf(MayReject(Team(), ProductionPlan(), Now(), As("dave"))),
              ElementsAre("NOT_AN_APPROVER"));
  EXPECT_THAT(ReasonsOf(MayReject(Team(), ProductionPlan(), Now(), As("nightly"))),
              ElementsAre("ROBOT_CANNOT_APPROVE"));
}

TEST(WithdrawTest, IsForTheAuthorAndAdmins) {
  const PlanRecord plan = APlan().Rules(Staging()).For("staging").By("dave").Build();
  EXPECT_THAT(ReasonsOf(MayWithdraw(Team(), plan, As("dave"))), IsEmpty());
  EXPECT_THAT(ReasonsOf(MayWithdraw(Team(), plan, As("bob"))), IsEmpty());
  EXPECT_THAT(ReasonsOf(MayWithdraw(Team(), plan, As("carol"))), ElementsAre("ROLE_MISSING"));
}

TEST(RunTest, IsAllowedWithTheQuorum) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, BobAndCarol(plan), nullptr, Now(), As("alice"))),
              IsEmpty());
}

TEST(RunTest, NeedsNoApprovalWhereNoneIsRequired) {
  const PlanRecord plan = APlan().For("staging").By("nightly").Rules(Staging()).Build();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, {}, nullptr, Now(), As("nightly"))), IsEmpty());
}

TEST(RunTest, RunningNeverImpliesApproving) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, {ADecision(plan, "carol", "approve")}, nullptr,
                                    Now(), As("bob"))),
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
      policy, plan, {ADecision(plan, "bob", "approve"), ADecision(plan, "ben", "approve")}, nullptr,
      Now(), As("alice"));
  EXPECT_THAT(ReasonsOf(decision), ElementsAre("APPROVALS_MISSING"));
  EXPECT_THAT(decision.objections[0].advice, HasSubstr("carol"));
}

TEST(RunTest, RefusesWhoMayNotRun) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, BobAndCarol(plan), nullptr, Now(), As("carol"))),
              ElementsAre("ROLE_MISSING"));
}

TEST(RunTest, RefusesWhileFrozen) {
  const PlanRecord plan = ProductionPlan();
  const FreezeRecord freeze{"production", "carol", "year end", Start()};
  const Decision decision =
      EvaluateRun(Team(), plan, BobAndCarol(plan), &freeze, Now(), As("alice"));
  EXPECT_THAT(ReasonsOf(decision), ElementsAre("FROZEN"));
  EXPECT_EQ(decision.objections[0].message, "production is frozen by carol: year end.");
}

TEST(RunTest, TellsAllObjectionsAtOnce) {
  const PlanRecord plan = ProductionPlan();
  const FreezeRecord freeze{"production", "carol", "", Start()};
  const Decision decision = EvaluateRun(Team(), plan, {}, &freeze, plan.expire_time, As("dave"));
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
    const Decision decision = EvaluateRun(Team(), plan, {}, nullptr, Now(), As("alice"));
    EXPECT_THAT(ReasonsOf(decision), ElementsAre("WRONG_STATE"));
    EXPECT_EQ(decision.objections[0].advice, "Make a new plan.");
  }
  PlanRecord expired = ProductionPlan();
  expired.state = v1::PLAN_STATE_EXPIRED;
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), expired, {}, nullptr, Now(), As("alice"))),
              ElementsAre("PLAN_EXPIRED"));
}

TEST(RunTest, APlanRunsOnceAtATime) {
  PlanRecord plan = ProductionPlan();
  plan.state = v1::PLAN_STATE_RUNNING;
  plan.last_run_id = "r-00000000000000a1";
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, BobAndCarol(plan), nullptr, Now(), As("bob"))),
              ElementsAre("WRONG_STATE"));
}

TEST(RunTest, RulesThatCannotBeReadRefuseEverything) {
  PlanRecord plan = ProductionPlan();
  plan.rules = R"({"windows":["Sat 02:00-06:00"]})";
  EXPECT_FALSE(EvaluateRun(Team(), plan, BobAndCarol(plan), nullptr, Now(), As("alice")).allowed());
  EXPECT_FALSE(MayApprove(Team(), plan, {}, Now(), As("bob")).allowed());
}

TEST(RunTest, AnEnvironmentThatThePolicyNoLongerHasRefuses) {
  const PlanRecord plan = APlan().For("demo").Rules(Production()).By("alice").Build();
  EXPECT_THAT(ReasonsOf(EvaluateRun(Team(), plan, BobAndCarol(plan), nullptr, Now(), As("alice"))),
              ElementsAre("NOT_FOUND"));
}

// Each story takes the quorum of bob and carol and spoils bob's part.
class StandingTest : public ::testing::Test {
 protected:
  std::string WhyBobDoesNotCount(const Policy& policy, absl::Time now) {
    const std::vector<ApprovalStanding> standings = StandingOf(policy, plan_, approvals_, now);
    EXPECT_EQ(QuorumOf(policy, plan_, approvals_, now).satisfied, standings[0].counts);
    EXPECT_TRUE(standings[1].counts) << standings[1].why_not;
    return standings[0].why_not;
  }

  PlanRecord plan_ = ProductionPlan();
  std::vector<ApprovalRecord> approvals_ = BobAndCarol(plan_);
};

TEST_F(StandingTest, ThePlainCaseCounts) { EXPECT_EQ(WhyBobDoesNotCount(Team(), Now()), ""); }

TEST_F(StandingTest, TakenBackDoesNotCount) {
  approvals_.push_back(ADecision(plan_, "bob", "unapprove"));
  EXPECT_EQ(WhyBobDoesNotCount(Team(), Now()), "taken back");
}

TEST_F(StandingTest, ARejectionIsNoApproval) {
  approvals_[0].decision = "reject";
  EXPECT_EQ(WhyBobDoesNotCount(Team(), Now()), "is 'reject'");
}

TEST_F(StandingTest, TheTtlEndsIt) {
  approvals_[1].time = Start() + absl::Hours(2);
  EXPECT_EQ(WhyBobDoesNotCount(Team(), Start() + absl::Hours(4) - absl::Seconds(1)), "");
  EXPECT_EQ(WhyBobDoesNotCount(Team(), Start() + absl::Hours(4)), "too old");
}

TEST_F(StandingTest, ItsStartBeforeEndsIt) {
  approvals_[0].start_before = Start() + absl::Minutes(30);
  EXPECT_EQ(WhyBobDoesNotCount(Team(), Start() + absl::Minutes(29)), "");
  EXPECT_EQ(WhyBobDoesNotCount(Team(), Start() + absl::Minutes(30)), "its time to start is over");
}

TEST_F(StandingTest, AnotherPolicyOrFloorWasNotWhatWasSigned) {
  approvals_[0].policy_digest = contract::Digest("other");
  EXPECT_EQ(WhyBobDoesNotCount(Team(), Now()), "given for another policy");
  approvals_[0].policy_digest = plan_.policy_digest;
  approvals_[0].floor_digest = contract::Digest("other");
  EXPECT_EQ(WhyBobDoesNotCount(Team(), Now()), "given for another floor");
}

TEST_F(StandingTest, ThePersonMustStillBeKnown) {
  Policy policy = Team();
  policy.people.erase("bob");
  EXPECT_EQ(WhyBobDoesNotCount(policy, Now()), "the person is no longer known");
}

TEST_F(StandingTest, TheKeyMustStillBeThePersons) {
  Policy policy = Team();
  policy.people["bob"].keys = {*contract::ParsePublicKey(KeyLine("bob's new key"))};
  EXPECT_EQ(WhyBobDoesNotCount(policy, Now()), "the key is no longer the person's");
}

TEST_F(StandingTest, WhoBecameARobotNoLongerCounts) {
  Policy policy = Team();
  policy.people["bob"].robot = true;
  EXPECT_EQ(WhyBobDoesNotCount(policy, Now()), "a robot");
}

TEST_F(StandingTest, WhoLeftTheGroupNoLongerMakesTheQuorum) {
  Policy policy = Team();
  policy.groups["dba"].erase("bob");
  EXPECT_FALSE(QuorumOf(policy, plan_, approvals_, Now()).satisfied);
  EXPECT_EQ(StateByQuorum(policy, plan_, approvals_, Now()), v1::PLAN_STATE_PENDING_APPROVAL);
  EXPECT_EQ(StateByQuorum(Team(), plan_, approvals_, Now()), v1::PLAN_STATE_APPROVED);
}

TEST(WhoMayApproveTest, NamesThoseWhoseApprovalWouldCount) {
  const PlanRecord plan = ProductionPlan();
  EXPECT_THAT(WhoMayApprove(Team(), plan, {}, Now()), ElementsAre("bob", "carol"));
  EXPECT_THAT(WhoMayApprove(Team(), plan, {ADecision(plan, "bob", "approve")}, Now()),
              ElementsAre("carol"));
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

}  // namespace
}  // namespace resetctl::controller

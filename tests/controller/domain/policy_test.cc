#include "controller/domain/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/controller/domain/team.h"

namespace resetctl::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace resetctl::controller

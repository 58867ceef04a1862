#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/service/house.h"

namespace resetctl::controller {
namespace {

using contract::ReasonOf;
using testing::Contains;

TEST(PlansTest, StoresTheAgentsBytesUnderTheirDigest) {
  House house;
  const House::Attached agent = house.Attach("production");
  const v1::Plan plan = house.MakePlan("alice", agent);
  EXPECT_EQ(plan.id(), contract::PlanId(plan.document()));
  EXPECT_EQ(plan.state(), v1::PLAN_STATE_PENDING_APPROVAL);
  EXPECT_THAT(plan.may_approve(), testing::ElementsAre("bob"));
  v1::GetBundleRequest request;
  request.set_plan_id(plan.id());
  EXPECT_EQ(house.plans.GetBundle(house.As("alice"), request)->bundle(), "bundle bytes");
  EXPECT_THAT(house.Log(), Contains("plan.create ok"));
}

TEST(PlansTest, ApprovesAtOnceWhereNoApprovalIsRequired) {
  House house;
  const House::Attached agent = house.Attach("staging");
  EXPECT_EQ(house.MakePlan("nightly", agent).state(), v1::PLAN_STATE_APPROVED);
}

TEST(PlansTest, SaysAtOnceThatTheAgentIsOffline) {
  House house;
  const auto answer = house.Order("alice", house.PlanRequest("alice", "production"));
  EXPECT_EQ(ReasonOf(answer->status()), v1::REASON_AGENT_OFFLINE);
  EXPECT_THAT(house.Log(), Contains("plan.create AGENT_OFFLINE"));
}

TEST(PlansTest, EndsAnOrderAtItsDeadlineAndDropsTheLateReply) {
  House house;
  const House::Attached agent = house.Attach("production");
  const v1::CreatePlanRequest request = house.PlanRequest("alice", "production");
  auto answer = std::make_shared<absl::StatusOr<v1::CreatePlanResponse>>(absl::UnknownError(""));
  int answers = 0;
  house.plans.Create(house.As("alice"), request, absl::Seconds(5),
                     [&](absl::StatusOr<v1::CreatePlanResponse> made) {
                       *answer = std::move(made);
                       ++answers;
                     });
  house.Advance(absl::Seconds(5));
  EXPECT_EQ(ReasonOf(answer->status()), v1::REASON_DEADLINE);
  house.ReplyWithPlan(agent);
  EXPECT_EQ(answers, 1);
  EXPECT_TRUE(house.store.ListPlans({}, {})->items.empty());
}

TEST(PlansTest, FailsTheOrderWhenTheAgentIsLost) {
  House house;
  const House::Attached agent = house.Attach("production");
  const auto answer = house.Order("alice", house.PlanRequest("alice", "production"));
  house.agent_desk.Gone(agent.who, agent.session, absl::OkStatus());
  EXPECT_EQ(ReasonOf(answer->status()), v1::REASON_AGENT_OFFLINE);
}

TEST(PlansTest, PassesTheAgentsProblemsOn) {
  House house;
  const House::Attached agent = house.Attach("production");
  const auto answer = house.Order("alice", house.PlanRequest("alice", "production"));
  v1::AttachRequest message;
  message.mutable_plan_reply()->set_order_id(
      agent.mail->Last(v1::AttachResponse::kPlanOrder).plan_order().order_id());
  *message.mutable_plan_reply()->add_problems() =
      contract::MakeProblem(v1::REASON_NO_SUCH_TABLE, "no table users", "name one that exists");
  ASSERT_TRUE(house.Tell(agent, message).ok());
  ASSERT_TRUE(answer->ok()) << answer->status();
  EXPECT_EQ((*answer)->problems(0).reason(), v1::REASON_NO_SUCH_TABLE);
  EXPECT_FALSE((*answer)->has_plan());
  EXPECT_THAT(house.Log(), Contains("plan.create NO_SUCH_TABLE"));
}

TEST(PlansTest, RefusesABundleThatWasNotSigned) {
  House house;
  house.Attach("production");
  v1::CreatePlanRequest request = house.PlanRequest("alice", "production");
  request.set_bundle("other bytes");
  EXPECT_EQ(ReasonOf(house.Order("alice", request)->status()), v1::REASON_BUNDLE_DIGEST_MISMATCH);
}

TEST(PlansTest, RefusesAStatementForAnotherEnvironment) {
  House house;
  house.Attach("production");
  v1::CreatePlanRequest request = house.PlanRequest("alice", "staging");
  request.set_environment("production");
  EXPECT_EQ(ReasonOf(house.Order("alice", request)->status()), v1::REASON_STATEMENT_MISMATCH);
}

TEST(PlansTest, RefusesAStatementThatSomebodyElseSigned) {
  House house;
  house.Attach("production");
  EXPECT_EQ(ReasonOf(house.Order("alice", house.PlanRequest("bob", "production"))->status()),
            v1::REASON_STATEMENT_MISMATCH);
}

TEST(PlansTest, RefusesATamperedStatement) {
  House house;
  house.Attach("production");
  v1::CreatePlanRequest request = house.PlanRequest("alice", "production");
  std::string* text = request.mutable_plan_statement()->mutable_text();
  text->replace(text->find("target: shop"), 12, "target: shoq");
  EXPECT_FALSE(house.Order("alice", request)->ok());
  request = house.PlanRequest("alice", "production");
  request.mutable_plan_statement()->mutable_text()->replace(
      request.plan_statement().text().find("nonce: ") + 7, 4, "AAAA");
  EXPECT_EQ(ReasonOf(house.Order("alice", request)->status()), v1::REASON_BAD_SIGNATURE);
}

TEST(PlansTest, RefusesAnOldStatement) {
  House house;
  house.Attach("production");
  const v1::CreatePlanRequest request = house.PlanRequest("alice", "production");
  house.clock.Advance(absl::Minutes(11));
  EXPECT_EQ(ReasonOf(house.Order("alice", request)->status()), v1::REASON_STATEMENT_EXPIRED);
}

TEST(PlansTest, RefusesPeopleWithoutTheRole) {
  House house;
  house.Attach("production");
  EXPECT_EQ(ReasonOf(house.Order("carol", house.PlanRequest("carol", "production"))->status()),
            v1::REASON_ROLE_MISSING);
  EXPECT_THAT(house.Log(), Contains("plan.create ROLE_MISSING"));
}

TEST(PlansTest, MakesOnePlanOfOneStatement) {
  House house;
  const House::Attached agent = house.Attach("production");
  const v1::CreatePlanRequest request = house.PlanRequest("alice", "production");
  house.Order("alice", request);
  house.ReplyWithPlan(agent);
  const auto second = house.Order("alice", request);
  house.ReplyWithPlan(agent);
  EXPECT_EQ(ReasonOf(second->status()), v1::REASON_STATEMENT_REPLAYED);
}

TEST(PlansTest, AnswersARetryWithTheSamePlan) {
  House house;
  const House::Attached agent = house.Attach("production");
  v1::CreatePlanRequest request = house.PlanRequest("alice", "production");
  request.set_request_id("one");
  const auto first = house.Order("alice", request);
  house.ReplyWithPlan(agent);
  const auto second = house.Order("alice", request);
  ASSERT_TRUE(second->ok()) << second->status();
  EXPECT_EQ((*second)->plan().id(), (*first)->plan().id());
  EXPECT_EQ(agent.mail->Count(v1::AttachResponse::kPlanOrder), 1);
}

TEST(PlansTest, RefusesADocumentThatWasNotOrdered) {
  House house;
  const House::Attached agent = house.Attach("production");
  const auto answer = house.Order("alice", house.PlanRequest("alice", "production"));
  const v1::PlanOrder& order = agent.mail->Last(v1::AttachResponse::kPlanOrder).plan_order();
  v1::PlanDocument document = DocumentFor(order, "production", "other", house.clock.Now());
  v1::AttachRequest message;
  message.mutable_plan_reply()->set_order_id(order.order_id());
  message.mutable_plan_reply()->set_document(document.SerializeAsString());
  message.mutable_plan_reply()->set_mac("mac");
  ASSERT_TRUE(house.Tell(agent, message).ok());
  EXPECT_EQ(ReasonOf(answer->status()), v1::REASON_PLAN_NOT_OURS);
}

TEST(PlansTest, RefusesADocumentOfWhichItDoesNotKnowEverything) {
  House house;
  const House::Attached agent = house.Attach("production");
  const auto answer = house.Order("alice", house.PlanRequest("alice", "production"));
  const v1::PlanOrder& order = agent.mail->Last(v1::AttachResponse::kPlanOrder).plan_order();
  v1::PlanDocument document = DocumentFor(order, "production", "shop", house.clock.Now());
  document.GetReflection()->MutableUnknownFields(&document)->AddVarint(99, 1);
  v1::AttachRequest message;
  message.mutable_plan_reply()->set_order_id(order.order_id());
  message.mutable_plan_reply()->set_document(document.SerializeAsString());
  message.mutable_plan_reply()->set_mac("mac");
  ASSERT_TRUE(house.Tell(agent, message).ok());
  EXPECT_EQ(ReasonOf(answer->status()), v1::REASON_RULE_UNSUPPORTED);
  EXPECT_EQ(contract::ProblemOf(answer->status()).advice(),
            "Install the controller of that version.");
}

TEST(PlansTest, TakesNoReplyFromAnotherTargetsAgent) {
  House house;
  const House::Attached agent = house.Attach("production");
  const House::Attached other = house.Attach("staging");
  const auto answer = house.Order("alice", house.PlanRequest("alice", "production"));
  const v1::PlanOrder& order = agent.mail->Last(v1::AttachResponse::kPlanOrder).plan_order();
  v1::AttachRequest message;
  message.mutable_plan_reply()->set_order_id(order.order_id());
  message.mutable_plan_reply()->set_document("forged");
  ASSERT_TRUE(house.Tell(other, message).ok());
  EXPECT_TRUE(absl::IsUnknown(answer->status()));
  house.ReplyWithPlan(agent);
  EXPECT_TRUE(answer->ok()) << answer->status();
}

TEST(PlansTest, ExpiresWhenItsTimeIsOver) {
  House house;
  const House::Attached agent = house.Attach("production");
  const v1::Plan plan = house.MakePlan("alice", agent);
  house.clock.Advance(absl::Hours(24));
  house.plans.ExpireDue();
  EXPECT_EQ(house.PlanStateOf(plan.id()), v1::PLAN_STATE_EXPIRED);
}

TEST(ApprovalsTest, CountsASecondPersonsApproval) {
  House house;
  const v1::Plan plan = house.MakePlan("alice", house.Attach("production"));
  const auto decided =
      house.approvals.Decide(house.As("bob"), house.Decision("bob", plan, "approve"));
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->plan().state(), v1::PLAN_STATE_APPROVED);
  EXPECT_EQ(decided->plan().approvals_counted(), 1);
  EXPECT_THAT(house.Log(), Contains("plan.approve ok"));
}

TEST(ApprovalsTest, RefusesSelfApprovalRobotsAndTheSamePersonTwice) {
  House house;
  const v1::Plan plan = house.MakePlan("alice", house.Attach("production"));
  const auto reason = [&](const std::string& person) {
    return ReasonOf(
        house.approvals.Decide(house.As(person), house.Decision(person, plan, "approve")).status());
  };
  EXPECT_EQ(reason("alice"), v1::REASON_SELF_APPROVAL);
  EXPECT_EQ(reason("carol"), v1::REASON_ROLE_MISSING);
  EXPECT_EQ(reason("bob"), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(reason("bob"), v1::REASON_ALREADY_APPROVED);
  EXPECT_THAT(house.Log(), Contains("plan.approve SELF_APPROVAL"));
}

TEST(ApprovalsTest, RefusesAStatementAboutAnotherPlanOrPolicy) {
  House house;
  const House::Attached agent = house.Attach("production");
  const v1::Plan plan = house.MakePlan("alice", agent);
  const v1::Plan other = house.MakePlan("alice", agent);
  v1::DecidePlanRequest request = house.Decision("bob", other, "approve");
  request.set_plan_id(plan.id());
  EXPECT_EQ(ReasonOf(house.approvals.Decide(house.As("bob"), request).status()),
            v1::REASON_STATEMENT_MISMATCH);
}

TEST(ApprovalsTest, TakesAnApprovalBackAndRejects) {
  House house;
  const v1::Plan plan = house.MakePlan("alice", house.Attach("production"));
  ASSERT_TRUE(house.approvals.Decide(house.As("bob"), house.Decision("bob", plan, "approve")).ok());
  ASSERT_TRUE(
      house.approvals.Decide(house.As("bob"), house.Decision("bob", plan, "unapprove")).ok());
  EXPECT_EQ(house.PlanStateOf(plan.id()), v1::PLAN_STATE_PENDING_APPROVAL);
  ASSERT_TRUE(house.approvals.Decide(house.As("bob"), house.Decision("bob", plan, "reject")).ok());
  EXPECT_EQ(house.PlanStateOf(plan.id()), v1::PLAN_STATE_REJECTED);
}

TEST(ApprovalsTest, AnswersARetryAndRefusesAReplay) {
  House house;
  const v1::Plan plan = house.MakePlan("alice", house.Attach("production"));
  v1::DecidePlanRequest request = house.Decision("bob", plan, "approve");
  request.set_request_id("again");
  ASSERT_TRUE(house.approvals.Decide(house.As("bob"), request).ok());
  EXPECT_TRUE(house.approvals.Decide(house.As("bob"), request).ok());
  ASSERT_TRUE(
      house.approvals.Decide(house.As("bob"), house.Decision("bob", plan, "unapprove")).ok());
  request.set_request_id("");
  EXPECT_EQ(ReasonOf(house.approvals.Decide(house.As("bob"), request).status()),
            v1::REASON_STATEMENT_REPLAYED);
}

TEST(PlansTest, IsWithdrawnByItsAuthorOnly) {
  House house;
  const v1::Plan plan = house.MakePlan("alice", house.Attach("production"));
  v1::WithdrawPlanRequest request;
  request.set_plan_id(plan.id());
  EXPECT_FALSE(house.plans.Withdraw(house.As("carol"), request).ok());
  ASSERT_TRUE(house.plans.Withdraw(house.As("alice"), request).ok());
  EXPECT_TRUE(house.plans.Withdraw(house.As("alice"), request).ok());
  EXPECT_EQ(house.PlanStateOf(plan.id()), v1::PLAN_STATE_WITHDRAWN);
}

TEST(PlansTest, ShowsNobodyWhatTheyMayNotRead) {
  House house;
  const v1::Plan plan = house.MakePlan("alice", house.Attach("production"));
  v1::GetPlanRequest get;
  get.set_plan_id(plan.id());
  EXPECT_EQ(ReasonOf(house.plans.Get(house.As("nightly"), get).status()), v1::REASON_ROLE_MISSING);
  EXPECT_TRUE(house.plans.List(house.As("carol"), {})->plans().empty());
  EXPECT_EQ(house.plans.List(house.As("bob"), {})->plans_size(), 1);
  v1::ListPlansRequest mine;
  mine.set_mine(true);
  EXPECT_EQ(house.plans.List(house.As("bob"), mine)->plans_size(), 1);
}

}  // namespace
}  // namespace resetctl::controller

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

using contract::ReasonOf;
using testing::Contains;

TEST(RunsTest, HoldsThenOffersEverythingThatTheAgentMustVerify) {
  Ready house;
  const auto started = house.Run();
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->run().state(), v1::RUN_STATE_HELD);
  EXPECT_EQ(house.PlanStateOf(house.plan.id()), v1::PLAN_STATE_RUNNING);
  house.Advance(absl::Milliseconds(4999));
  EXPECT_EQ(house.StateOf(started->run().id()), v1::RUN_STATE_HELD);
  house.Advance(absl::Milliseconds(1));
  EXPECT_EQ(house.StateOf(started->run().id()), v1::RUN_STATE_OFFERED);
  const v1::RunOffer& offer = house.agent.mail->Last(v1::AttachResponse::kOffer).offer();
  EXPECT_EQ(offer.document(), house.plan.document());
  EXPECT_EQ(offer.mac(), "mac");
  EXPECT_EQ(offer.approvals_size(), 1);
  EXPECT_FALSE(offer.run_statement().signature().empty());
}

TEST(RunsTest, GoesToSuccessAndConsumesThePlan) {
  Ready house;
  const std::string id = house.Running();
  house.Report(house.agent, id, v1::RUN_STATE_COMMITTED);
  EXPECT_EQ(house.PlanStateOf(house.plan.id()), v1::PLAN_STATE_CONSUMED);
  house.Report(house.agent, id, v1::RUN_STATE_SUCCEEDED);
  const RunRecord run = *house.store.GetRun(id);
  EXPECT_EQ(run.state, v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(run.fence, 7);
  EXPECT_TRUE(run.end_time.has_value());
  EXPECT_GT(run.audit_entry, 0u);
  EXPECT_EQ(house.agent.mail->Count(v1::AttachResponse::kReportAck), 2);
}

TEST(RunsTest, RefusesAWrongPhraseAMissingApprovalAndAnAbsentAgent) {
  House house;
  const House::Attached agent = house.Attach("production");
  const v1::Plan plan = house.MakePlan("alice", agent);
  EXPECT_EQ(
      ReasonOf(
          house.runs.Start(house.As("alice"), house.RunRequest("alice", plan, kPhrase)).status()),
      v1::REASON_APPROVALS_MISSING);
  ASSERT_TRUE(house.approvals.Decide(house.As("bob"), house.Decision("bob", plan, "approve")).ok());
  EXPECT_EQ(ReasonOf(house.runs
                         .Start(house.As("alice"),
                                house.RunRequest("alice", plan, "DELETE ALL DATA shap"))
                         .status()),
            v1::REASON_WRONG_PHRASE);
  house.agent_desk.Gone(agent.who, agent.session, absl::OkStatus());
  EXPECT_EQ(
      ReasonOf(
          house.runs.Start(house.As("alice"), house.RunRequest("alice", plan, kPhrase)).status()),
      v1::REASON_AGENT_OFFLINE);
  EXPECT_THAT(house.Log(), Contains("run.start WRONG_PHRASE"));
}

TEST(RunsTest, RefusesASecondRunOfThePlanAndAReplayedStatement) {
  Ready house;
  v1::StartRunRequest request = house.RunRequest("alice", house.plan, kPhrase);
  request.set_detach(true);
  const auto first = house.runs.Start(house.As("alice"), request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(house.Run().ok());
  v1::CancelRunRequest cancel;
  cancel.set_run_id(first->run().id());
  ASSERT_TRUE(house.runs.Cancel(house.As("alice"), cancel).ok());
  EXPECT_EQ(ReasonOf(house.runs.Start(house.As("alice"), request).status()),
            v1::REASON_STATEMENT_REPLAYED);
  EXPECT_TRUE(house.Run().ok());
}

TEST(RunsTest, CancelsInTheHoldAtOnceAndApprovesThePlanAgain) {
  Ready house;
  const std::string id = house.Run()->run().id();
  v1::CancelRunRequest cancel;
  cancel.set_run_id(id);
  const auto cancelled = house.runs.Cancel(house.As("bob"), cancel);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->run().state(), v1::RUN_STATE_CANCELLED);
  house.Advance(absl::Seconds(10));
  EXPECT_EQ(house.agent.mail->Count(v1::AttachResponse::kOffer), 0);
  EXPECT_EQ(house.PlanStateOf(house.plan.id()), v1::PLAN_STATE_APPROVED);
}

TEST(RunsTest, AsksTheAgentToCancelLater) {
  Ready house;
  const std::string id = house.Running();
  v1::CancelRunRequest cancel;
  cancel.set_run_id(id);
  const auto asked = house.runs.Cancel(house.As("alice"), cancel);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_TRUE(asked->run().cancel_requested());
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(house.agent.mail->Count(v1::AttachResponse::kCancel), 1);
  // It was too late: what the ledger says counts.
  house.Report(house.agent, id, v1::RUN_STATE_COMMITTED);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_COMMITTED);
  EXPECT_EQ(ReasonOf(house.runs.Cancel(house.As("alice"), cancel).status()),
            v1::REASON_WRONG_STATE);
}

TEST(RunsTest, CancelsWhenTheStartersWatchIsLostInTheHold) {
  Ready house;
  const std::string id = house.Run(false)->run().id();
  std::unique_ptr<RunWatch> watch = house.Watch("alice", id);
  house.Advance(absl::Seconds(4));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_HELD);
  watch.reset();
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_CANCELLED);
}

TEST(RunsTest, CancelsWhenTheStarterNeverWatches) {
  Ready house;
  const std::string id = house.Run(false)->run().id();
  const std::unique_ptr<RunWatch> other = house.Watch("bob", id);
  house.Advance(absl::Seconds(3));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_CANCELLED);
}

TEST(RunsTest, RunsOnWhenTheStarterLeavesAfterTheHoldOrDetached) {
  Ready house;
  const std::string id = house.Run(false)->run().id();
  std::unique_ptr<RunWatch> watch = house.Watch("alice", id);
  house.Advance(absl::Seconds(5));
  watch.reset();
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_OFFERED);
}

TEST(RunsTest, IsCancelledWhenTheAgentHasGoneAtTheEndOfTheHold) {
  Ready house;
  const std::string id = house.Run()->run().id();
  house.agent_desk.Gone(house.agent.who, house.agent.session, absl::OkStatus());
  house.Advance(absl::Seconds(5));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_CANCELLED);
  EXPECT_EQ(house.store.GetRun(id)->problem->reason(), v1::REASON_AGENT_OFFLINE);
}

TEST(RunsTest, MakesThePlanStaleWhenTheAgentSaysSo) {
  Ready house;
  const std::string id = house.Running();
  house.Report(house.agent, id, v1::RUN_STATE_REFUSED, v1::REASON_STALE_SCHEMA);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_REFUSED);
  EXPECT_EQ(house.PlanStateOf(house.plan.id()), v1::PLAN_STATE_STALE);
}

TEST(RunsTest, ApprovesThePlanAgainAfterARollback) {
  Ready house;
  const std::string id = house.Running();
  house.Report(house.agent, id, v1::RUN_STATE_ROLLED_BACK, v1::REASON_SQL_FAILED);
  EXPECT_EQ(house.PlanStateOf(house.plan.id()), v1::PLAN_STATE_APPROVED);
  EXPECT_TRUE(house.Run().ok());
}

TEST(RunsTest, ResumesWhatNeedsAttention) {
  Ready house;
  const std::string id = house.Running();
  house.Report(house.agent, id, v1::RUN_STATE_NEEDS_ATTENTION, v1::REASON_AFTER_STEP_FAILED);
  EXPECT_EQ(house.PlanStateOf(house.plan.id()), v1::PLAN_STATE_CONSUMED);
  const auto resume = [&] {
    v1::ResumeRunRequest request;
    request.set_run_id(id);
    *request.mutable_resume_statement() =
        Sign("alice",
             contract::StatementBuilder(contract::StatementType::kResume)
                 .Set("run", id)
                 .Set("environment", "production")
                 .Set("target", "shop"),
             house.clock.Now());
    return house.runs.Resume(house.As("alice"), request);
  };
  const auto resumed = resume();
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->run().state(), v1::RUN_STATE_COMMITTED);
  EXPECT_EQ(house.agent.mail->Last(v1::AttachResponse::kResume).resume().run_id(), id);
  house.Accept(house.agent, id, false);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_NEEDS_ATTENTION);
  ASSERT_TRUE(resume().ok());
  house.Accept(house.agent, id);
  house.Report(house.agent, id, v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(ReasonOf(resume().status()), v1::REASON_WRONG_STATE);
}

TEST(RunWatchTest, TellsEachEventOnceAndTheRunFirstAndLast) {
  Ready house;
  const std::string id = house.Running();
  house.Event(id, 1);
  house.Event(id, 2);
  const std::unique_ptr<RunWatch> watch = house.Watch("bob", id, 1);
  EXPECT_EQ((*watch->Next())->run().state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ((*watch->Next())->event().seq(), 2u);
  EXPECT_FALSE(watch->Next()->has_value());
  house.Event(id, 3);
  house.Report(house.agent, id, v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ((*watch->Next())->event().seq(), 3u);
  const auto last = watch->Next();
  EXPECT_EQ((*last)->run().state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_FALSE((*last)->has_event());
  EXPECT_TRUE(watch->ended());
}

}  // namespace
}  // namespace resetctl::controller

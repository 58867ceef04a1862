#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

using testing::Contains;
using testing::ElementsAre;

TEST(RunFlowTest, AnAgentThatIsBackSaysWhyAnOutcomeIsNotKnown) {
  Ready house;
  const std::string id = house.Running();
  house.agent_desk.Gone(house.agent.who, house.agent.session, absl::OkStatus());
  house.Advance(absl::Seconds(15));
  ASSERT_EQ(house.StateOf(id), v1::RUN_STATE_UNKNOWN);
  v1::RunReport report;
  report.set_run_id(id);
  report.set_state(v1::RUN_STATE_UNKNOWN);
  *report.mutable_problem() =
      contract::MakeProblem(v1::REASON_OUTCOME_UNKNOWN, "a standby", "give it the primary");
  for (int times = 0; times < 2; ++times) house.Attach("production", {report});
  EXPECT_EQ(house.store.GetRun(id)->problem->advice(), "give it the primary");
  const std::vector<std::string> log = house.Log();
  EXPECT_EQ(std::count(log.begin(), log.end(), "run.unknown OUTCOME_UNKNOWN"), 2) << "once each";
}

TEST(RunFlowTest, ARebindWaitsForARunWhoseOutcomeIsKnownToCome) {
  Ready house;
  const std::string id = house.Running();
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  const auto rebind = [&] {
    v1::RebindTargetRequest request;
    request.set_environment("production");
    request.set_target("shop");
    *request.mutable_admin_statement() =
        SignAdmin("alice", contract::RebindAction("production", "shop"), house.clock.Now());
    house.rebinds.Rebind(house.As("alice"), request, absl::Minutes(1),
                         [&](const absl::StatusOr<v1::RebindTargetResponse>& answer) {
                           reason = contract::ReasonOf(answer.status());
                         });
  };
  rebind();
  EXPECT_EQ(reason, v1::REASON_TARGET_BUSY);
  house.Report(house.agent, id, v1::RUN_STATE_UNKNOWN);
  ASSERT_EQ(house.StateOf(id), v1::RUN_STATE_UNKNOWN);
  rebind();
  EXPECT_EQ(house.agent.mail->Count(v1::AttachResponse::kRebind), 1);
}

TEST(RunFlowTest, IsUnknownAfterTheLeaseAndResolvesWithTheNextHello) {
  Ready house;
  const std::string id = house.Running();
  house.agent_desk.Gone(house.agent.who, house.agent.session, absl::OkStatus());
  house.Advance(absl::Seconds(14));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  house.Advance(absl::Seconds(1));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_UNKNOWN);
  EXPECT_EQ(house.PlanStateOf(house.plan.id()), v1::PLAN_STATE_RUNNING);
  v1::RunReport report;
  report.set_run_id(id);
  report.set_state(v1::RUN_STATE_SUCCEEDED);
  const House::Attached back = house.Attach("production", {report});
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(back.mail->got.front().message_case(), v1::AttachResponse::kWelcome);
  EXPECT_TRUE(back.mail->got.front().welcome().expected_runs().empty());
  EXPECT_EQ(back.mail->Count(v1::AttachResponse::kReportAck), 1);
}

TEST(RunFlowTest, AsksAReturningAgentForTheRunsItDoesNotMention) {
  Ready house;
  const std::string id = house.Offered();
  house.agent_desk.Gone(house.agent.who, house.agent.session, absl::OkStatus());
  const House::Attached back = house.Attach("production");
  EXPECT_THAT(back.mail->got.front().welcome().expected_runs(), ElementsAre(id));
  house.Report(back, id, v1::RUN_STATE_REFUSED, v1::REASON_CANCELLED);
  EXPECT_EQ(house.PlanStateOf(house.plan.id()), v1::PLAN_STATE_APPROVED);
}

TEST(RunFlowTest, AnOfferThatIsNotAnsweredIsUnknownAndAskedForAgain) {
  Ready house;
  const std::string id = house.Offered();
  v1::AttachRequest beat;
  beat.mutable_heartbeat();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(house.Tell(house.agent, beat).ok());
    house.Advance(absl::Seconds(10));
  }
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_OFFERED);
  ASSERT_TRUE(house.Tell(house.agent, beat).ok());
  house.Advance(absl::Seconds(10));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_UNKNOWN);
  ASSERT_EQ(house.agent.mail->closed.size(), 1u);
  house.agent_desk.Gone(house.agent.who, house.agent.session, house.agent.mail->closed[0]);
  const House::Attached back = house.Attach("production");
  EXPECT_THAT(back.mail->got.front().welcome().expected_runs(), ElementsAre(id));
  house.Accept(back, id);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
}

TEST(RunFlowTest, AnOfferThatWasAnsweredInTimeIsLeftAlone) {
  Ready house;
  const std::string id = house.Running();
  v1::AttachRequest beat;
  beat.mutable_heartbeat();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(house.Tell(house.agent, beat).ok());
    house.Advance(absl::Seconds(10));
  }
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  EXPECT_TRUE(house.agent.mail->closed.empty());
}

// The disk fails for a while.
class FailingCommitter : public Committer {
 public:
  explicit FailingCommitter(Committer& to) : to_(to) {}
  absl::StatusOr<CommitReceipt> Commit(const Change& change, const AuditTrail& trail) override {
    if (failing) return absl::UnavailableError("disk full");
    return to_.Commit(change, trail);
  }
  absl::Status Write(const Note& note) override { return to_.Write(note); }

  bool failing = false;

 private:
  Committer& to_;
};

// The same house, with a disk that can fail.
struct Fragile : Ready {
  FailingCommitter disk{store};
  Desk frail{clock, policy, store,     store,    store, store, store,
             disk,  agents, scheduler, watchers, guard, {}};
  Plans frail_plans{frail};
  Rebinds frail_rebinds{frail};
  Witnesses frail_witnesses{frail, store, log_key.verifier};
  RunFlow frail_flow{frail, frail_witnesses};
  Runs frail_runs{frail, frail_flow};
  AgentDesk frail_agents{frail,      frail_plans,     frail_rebinds,
                         frail_flow, frail_witnesses, absl::Hours(1)};
};

TEST(RunFlowTest, EndsTheStreamWhenWordsCannotBeWrittenDownSoThatTheyAreSaidAgain) {
  Fragile house;
  const std::string id = house.Running();
  v1::AttachRequest event;
  event.mutable_event()->set_run_id(id);
  event.mutable_event()->set_seq(1);
  v1::AttachRequest report;
  report.mutable_report()->set_run_id(id);
  report.mutable_report()->set_state(v1::RUN_STATE_COMMITTED);
  house.disk.failing = true;
  for (const v1::AttachRequest& message : {event, report}) {
    EXPECT_FALSE(house.frail_agents.Take(house.agent.who, house.agent.session, {message}).ok());
  }
  EXPECT_EQ(house.agent.mail->Count(v1::AttachResponse::kReportAck), 0);
  house.disk.failing = false;
  EXPECT_TRUE(house.frail_agents.Take(house.agent.who, house.agent.session, {event, report}).ok());
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_COMMITTED);
  EXPECT_EQ(house.store.ListEvents(id, 0, 10)->size(), 1u);
}

TEST(RunFlowTest, EndsTheStreamWhenAnAnswerCannotBeWrittenDownSoThatTheNextHelloSaysIt) {
  Fragile house;
  const std::string id = house.Offered();
  v1::AttachRequest reply;
  reply.mutable_offer_reply()->set_run_id(id);
  reply.mutable_offer_reply()->set_accepted(true);
  house.disk.failing = true;
  const absl::Status ended = house.frail_agents.Take(house.agent.who, house.agent.session, {reply});
  EXPECT_EQ(contract::ReasonOf(ended), v1::REASON_STORE_UNAVAILABLE);
  house.disk.failing = false;
  house.agent_desk.Gone(house.agent.who, house.agent.session, ended);
  v1::RunReport running;
  running.set_run_id(id);
  running.set_state(v1::RUN_STATE_RUNNING);
  house.Attach("production", {running});
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
}

TEST(RunFlowTest, ALeaseThatEndsWhileNothingCanBeWrittenDownIsWrittenDownLater) {
  Fragile house;
  const std::string id = house.Running();
  house.agent_desk.Gone(house.agent.who, house.agent.session, absl::OkStatus());
  house.disk.failing = true;
  house.frail_flow.LeaseOver({"production", "shop"});
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  house.disk.failing = false;
  house.Advance(absl::Seconds(5));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_UNKNOWN);
}

TEST(RunFlowTest, AHoldThatCannotEndIsCancelledInsteadOfKeepingTheTarget) {
  Fragile house;
  v1::StartRunRequest request = house.RunRequest("alice", house.plan, kPhrase);
  request.set_detach(true);
  const auto started = house.frail_runs.Start(house.As("alice"), request);
  ASSERT_TRUE(started.ok()) << started.status();
  house.disk.failing = true;
  house.Advance(absl::Seconds(5));
  house.Advance(absl::Seconds(5));
  EXPECT_EQ(house.StateOf(started->run().id()), v1::RUN_STATE_HELD);
  house.disk.failing = false;
  house.Advance(absl::Seconds(5));
  EXPECT_EQ(house.StateOf(started->run().id()), v1::RUN_STATE_CANCELLED);
  EXPECT_EQ(house.agent.mail->Count(v1::AttachResponse::kOffer), 0);
}

TEST(RunFlowTest, TakesASilentAgentForLostAfterTheLease) {
  Ready house;
  const std::string id = house.Running();
  house.Advance(absl::Seconds(10));
  v1::AttachRequest beat;
  beat.mutable_heartbeat()->set_active_run_id(id);
  ASSERT_TRUE(house.Tell(house.agent, beat).ok());
  EXPECT_EQ(house.agent.mail->Count(v1::AttachResponse::kHeartbeatAck), 1);
  house.Advance(absl::Seconds(14));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  house.Advance(absl::Seconds(1));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_UNKNOWN);
  EXPECT_EQ(house.agent.mail->closed.size(), 1u);
}

TEST(RunFlowTest, TakesRepeatedWordsOnce) {
  Ready house;
  const std::string id = house.Running();
  house.Event(id, 1);
  house.Event(id, 1);
  house.Event(id, 3);  // a gap: not stored, acknowledged up to 1
  EXPECT_EQ(house.agent.mail->Last(v1::AttachResponse::kEventAck).event_ack().seq(), 1u);
  house.Event(id, 2);
  EXPECT_EQ(house.agent.mail->Last(v1::AttachResponse::kEventAck).event_ack().seq(), 2u);
  EXPECT_EQ(house.store.ListEvents(id, 0, 10)->size(), 2u);
  house.Accept(house.agent, id);
  house.Report(house.agent, id, v1::RUN_STATE_SUCCEEDED);
  house.Report(house.agent, id, v1::RUN_STATE_SUCCEEDED);
  house.Report(house.agent, id, v1::RUN_STATE_RUNNING);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_SUCCEEDED);
  // A contradiction is acknowledged and logged, not believed.
  house.Report(house.agent, id, v1::RUN_STATE_ROLLED_BACK);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(house.agent.mail->Count(v1::AttachResponse::kReportAck), 4);
  EXPECT_THAT(house.Log(), Contains("run.report WRONG_STATE"));
}

TEST(RunFlowTest, BelievesNoAgentAboutAnothersRun) {
  Ready house;
  const std::string id = house.Running();
  const House::Attached other = house.Attach("staging");
  house.Report(other, id, v1::RUN_STATE_ROLLED_BACK);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  EXPECT_THAT(house.Log(), Contains("run.report WRONG_AUDIENCE"));
}

TEST(RunFlowTest, RecoversHeldRunsAsCancelledAndWaitsALeaseForTheOthers) {
  Ready house;
  const std::string held = house.Run()->run().id();
  ASSERT_TRUE(house.agent_desk.Recover().ok());
  EXPECT_EQ(house.StateOf(held), v1::RUN_STATE_CANCELLED);
  const std::string running = house.Running();
  AgentHub nobody;
  Desk desk{house.clock,    house.policy, house.store, house.store, house.store,
            house.store,    house.store,  house.store, nobody,      house.scheduler,
            house.watchers, house.guard,  {}};
  Plans plans(desk);
  Rebinds rebinds(desk);
  Witnesses witnesses(desk, house.store, house.log_key.verifier);
  RunFlow flow(desk, witnesses);
  AgentDesk reborn(desk, plans, rebinds, flow, witnesses, absl::Seconds(15));
  ASSERT_TRUE(reborn.Recover().ok());
  EXPECT_EQ(house.StateOf(running), v1::RUN_STATE_RUNNING);
  house.Advance(absl::Seconds(15));
  EXPECT_EQ(house.StateOf(running), v1::RUN_STATE_UNKNOWN);
}

}  // namespace
}  // namespace resetctl::controller

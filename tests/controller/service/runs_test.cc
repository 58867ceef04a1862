#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/service/run_watch.h"
#include "tests/controller/service/house.h"

namespace resetctl::controller {
namespace {

using contract::ReasonOf;
using testing::Contains;
using testing::ElementsAre;

constexpr char kPhrase[] = "DELETE ALL DATA shop";

// An approved plan for production, and its agent.
struct Ready : House {
  Ready() : agent(Attach("production")), plan(MakePlan("alice", agent)) {
    const auto decided = approvals.Decide(As("bob"), Decision("bob", plan, "approve"));
    EXPECT_TRUE(decided.ok()) << decided.status();
  }
  absl::StatusOr<v1::StartRunResponse> Run(bool detach = true) {
    v1::StartRunRequest request = RunRequest("alice", plan, kPhrase);
    request.set_detach(detach);
    return runs.Start(As("alice"), request);
  }
  // Started, held, offered.
  std::string Offered() {
    const auto started = Run();
    EXPECT_TRUE(started.ok()) << started.status();
    Advance(absl::Seconds(5));
    return started->run().id();
  }
  std::string Running() {
    const std::string id = Offered();
    Accept(agent, id);
    EXPECT_EQ(StateOf(id), v1::RUN_STATE_RUNNING);
    return id;
  }
  std::unique_ptr<RunWatch> Watch(const std::string& person, const std::string& run_id,
                                  uint64_t after = 0) {
    return std::make_unique<RunWatch>(desk, flow, As(person), *store.GetRun(run_id), after, [] {});
  }
  void Event(const std::string& run_id, uint64_t seq) {
    v1::AttachRequest message;
    message.mutable_event()->set_run_id(run_id);
    message.mutable_event()->set_seq(seq);
    message.mutable_event()->set_step(v1::STEP_KIND_CLEAR);
    message.mutable_event()->set_kind(v1::EVENT_KIND_SUCCEEDED);
    ASSERT_TRUE(Tell(agent, message).ok());
  }

  Attached agent;
  v1::Plan plan;
};

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

TEST(RunsTest, IsUnknownAfterTheLeaseAndResolvesWithTheNextHello) {
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

TEST(RunsTest, AsksAReturningAgentForTheRunsItDoesNotMention) {
  Ready house;
  const std::string id = house.Offered();
  house.agent_desk.Gone(house.agent.who, house.agent.session, absl::OkStatus());
  const House::Attached back = house.Attach("production");
  EXPECT_THAT(back.mail->got.front().welcome().expected_runs(), ElementsAre(id));
  house.Report(back, id, v1::RUN_STATE_REFUSED, v1::REASON_CANCELLED);
  EXPECT_EQ(house.PlanStateOf(house.plan.id()), v1::PLAN_STATE_APPROVED);
}

TEST(RunsTest, AnOfferThatIsNotAnsweredIsUnknownAndAskedForAgain) {
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

TEST(RunsTest, AnOfferThatWasAnsweredInTimeIsLeftAlone) {
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
  Desk frail{clock, policy, store,  store,     store,    store,
             store, disk,   agents, scheduler, watchers, {}};
  Plans frail_plans{frail};
  RunFlow frail_flow{frail};
  Runs frail_runs{frail, frail_flow};
  AgentDesk frail_agents{frail, frail_plans, frail_flow, absl::Hours(1)};
};

TEST(RunsTest, EndsTheStreamWhenWordsCannotBeWrittenDownSoThatTheyAreSaidAgain) {
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

TEST(RunsTest, AHoldThatCannotEndIsCancelledInsteadOfKeepingTheTarget) {
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

TEST(RunsTest, TakesASilentAgentForLostAfterTheLease) {
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

TEST(RunsTest, TakesRepeatedWordsOnce) {
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

TEST(RunsTest, BelievesNoAgentAboutAnothersRun) {
  Ready house;
  const std::string id = house.Running();
  const House::Attached other = house.Attach("staging");
  house.Report(other, id, v1::RUN_STATE_ROLLED_BACK);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  EXPECT_THAT(house.Log(), Contains("run.report WRONG_AUDIENCE"));
}

TEST(RunsTest, RecoversHeldRunsAsCancelledAndWaitsALeaseForTheOthers) {
  Ready house;
  const std::string held = house.Run()->run().id();
  ASSERT_TRUE(house.agent_desk.Recover().ok());
  EXPECT_EQ(house.StateOf(held), v1::RUN_STATE_CANCELLED);
  const std::string running = house.Running();
  AgentHub nobody;
  Desk desk{house.clock, house.policy, house.store, house.store,     house.store,    house.store,
            house.store, house.store,  nobody,      house.scheduler, house.watchers, {}};
  Plans plans(desk);
  RunFlow flow(desk);
  AgentDesk reborn(desk, plans, flow, absl::Seconds(15));
  ASSERT_TRUE(reborn.Recover().ok());
  EXPECT_EQ(house.StateOf(running), v1::RUN_STATE_RUNNING);
  house.Advance(absl::Seconds(15));
  EXPECT_EQ(house.StateOf(running), v1::RUN_STATE_UNKNOWN);
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

TEST(AgentDeskTest, LetsTheNewestAttachmentWin) {
  House house;
  const House::Attached first = house.Attach("production");
  const House::Attached second = house.Attach("production");
  EXPECT_EQ(first.mail->closed.size(), 1u);
  EXPECT_FALSE(house.Tell(first, {}).ok());
  EXPECT_TRUE(house.Tell(second, {}).ok());
  house.agent_desk.Gone(first.who, first.session, absl::OkStatus());
  EXPECT_TRUE(house.agents.IsOnline({"production", "shop"}));
}

TEST(AgentDeskTest, RefusesAHelloForAnotherTarget) {
  House house;
  v1::AgentHello hello;
  hello.set_environment("production");
  hello.set_target("bank");
  const auto session =
      house.agent_desk.Hello(house.Agent("production"), hello, std::make_shared<Mailbox>());
  EXPECT_EQ(ReasonOf(session.status()), v1::REASON_WRONG_AUDIENCE);
  EXPECT_THAT(house.Log(), Contains("agent.attach WRONG_AUDIENCE"));
}

TEST(EnrolmentTest, TakesATokenOnceAndForAnHour) {
  House house;
  v1::InviteAgentRequest invite;
  invite.set_environment("production");
  invite.set_target("bank");
  EXPECT_EQ(ReasonOf(house.enrolment.Invite(house.As("carol"), invite).status()),
            v1::REASON_ROLE_MISSING);
  const auto token = house.enrolment.Invite(house.As("alice"), invite);
  ASSERT_TRUE(token.ok()) << token.status();
  v1::EnrollRequest enroll;
  enroll.set_token(token->token());
  const auto enrolled = house.enrolment.Enroll(enroll, "10.0.0.2");
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  EXPECT_EQ(enrolled->target(), "bank");
  EXPECT_EQ(ReasonOf(house.enrolment.Enroll(enroll, "10.0.0.2").status()),
            v1::REASON_TOKEN_INVALID);
  enroll.set_token(house.enrolment.Invite(house.As("alice"), invite)->token());
  house.Advance(absl::Hours(1));
  EXPECT_EQ(ReasonOf(house.enrolment.Enroll(enroll, "10.0.0.2").status()),
            v1::REASON_TOKEN_INVALID);
  EXPECT_THAT(house.Log(), Contains("agent.enroll TOKEN_INVALID"));
}

TEST(EnrolmentTest, EndsTheStreamOfARevokedAgent) {
  House house;
  const House::Attached agent = house.Attach("production");
  EXPECT_TRUE(house.enrolment.CheckIdentity(agent.who).ok());
  v1::RevokeAgentRequest revoke;
  revoke.set_environment("production");
  revoke.set_target("shop");
  ASSERT_TRUE(house.enrolment.Revoke(house.As("alice"), revoke).ok());
  EXPECT_EQ(ReasonOf(agent.mail->closed.front()), v1::REASON_CERTIFICATE_REVOKED);
  EXPECT_EQ(ReasonOf(house.enrolment.CheckIdentity(agent.who)), v1::REASON_CERTIFICATE_REVOKED);
}

TEST(EnrolmentTest, DoesNotWelcomeAnAgentThatWasRevokedAfterItsStreamWasAuthorised) {
  House house;
  const AgentIdentity who = house.Agent("production");
  v1::RevokeAgentRequest revoke;
  revoke.set_environment("production");
  revoke.set_target("shop");
  ASSERT_TRUE(house.enrolment.Revoke(house.As("alice"), revoke).ok());
  v1::AgentHello hello;
  hello.set_environment("production");
  hello.set_target("shop");
  const auto mail = std::make_shared<Mailbox>();
  EXPECT_EQ(ReasonOf(house.agent_desk.Hello(who, hello, mail).status()),
            v1::REASON_CERTIFICATE_REVOKED);
  EXPECT_TRUE(mail->got.empty());
  EXPECT_FALSE(house.agents.IsOnline({"production", "shop"}));
}

}  // namespace
}  // namespace resetctl::controller

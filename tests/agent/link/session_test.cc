#include "agent/link/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "agent/journal/journal.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace resetctl::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kStart = absl::FromUnixSeconds(1795510800);

class FakeWork : public LinkWork {
 public:
  v1::AgentHello MakeHello() override {
    v1::AgentHello hello;
    hello.set_environment("production");
    return hello;
  }
  void TakePlanOrder(v1::PlanOrder order) override { taken.push_back("plan " + order.order_id()); }
  void TakeOffer(v1::RunOffer offer) override { taken.push_back("offer " + offer.run_id()); }
  void TakeResume(v1::ResumeOffer offer) override { taken.push_back("resume " + offer.run_id()); }
  void TakeRebind(v1::RebindOrder order) override { taken.push_back("rebind " + order.order_id()); }
  void TakeTwin(v1::TwinOrder order) override { taken.push_back("twin " + order.order_id()); }
  void Cancel(const std::string& run_id) override { taken.push_back("cancel " + run_id); }
  void AnswerExpected(const std::string& run_id) override { taken.push_back("expected " + run_id); }
  bool Draining() override { return draining; }
  std::string ActiveRun() override { return "r-1"; }
  std::optional<v1::AttachRequest> TakeLogProof(const v1::LogProof* proof) override {
    taken.push_back(proof == nullptr ? "no proof" : absl::StrCat("proof ", proof->old_size()));
    if (proof == nullptr) return std::nullopt;
    v1::AttachRequest answer;
    answer.mutable_cosignature()->set_size(proof->old_size() + 1);
    return answer;
  }
  bool WantsNewStream() override { return hello_is_old; }

  bool hello_is_old = false;
  std::vector<std::string> taken;
  bool draining = false;
};

class FakeSink : public MessageSink {
 public:
  void Send(v1::AttachRequest message) override { sent.push_back(std::move(message)); }
  void Close() override { closed = true; }
  std::vector<uint64_t> Seqs() const {
    std::vector<uint64_t> seqs;
    for (const v1::AttachRequest& message : sent) {
      if (message.has_event()) seqs.push_back(message.event().seq());
    }
    return seqs;
  }

  std::vector<v1::AttachRequest> sent;
  bool closed = false;
};

class SessionTest : public testing::Test {
 protected:
  SessionTest()
      : clock(kStart), journal(*Journal::Open(folder.path())), book(*journal, clock, WitnessKey()) {
    EXPECT_TRUE(book.Open("r-1").ok());
  }

  void SayEvents(int count) {
    StepNote note;
    note.step = v1::STEP_KIND_CLEAR;
    note.kind = v1::EVENT_KIND_PROGRESS;
    for (int i = 0; i < count; ++i) book.Say("r-1", note);
  }
  void End(v1::RunState state) {
    v1::RunReport report;
    report.set_run_id("r-1");
    report.set_state(state);
    book.Report(std::move(report));
  }
  static v1::AttachResponse Welcome(int lease_seconds = 15) {
    v1::AttachResponse message;
    message.mutable_welcome()->mutable_lease()->set_seconds(lease_seconds);
    return message;
  }
  static v1::AttachResponse Ack(uint64_t seq) {
    v1::AttachResponse message;
    message.mutable_event_ack()->set_run_id("r-1");
    message.mutable_event_ack()->set_seq(seq);
    return message;
  }
  void Attach() {
    session.Start(&sink, clock.Both());
    session.Receive(Welcome(), clock.Both());
  }

  test::TempFolder folder;
  test::FakeClock clock;
  std::unique_ptr<Journal> journal;
  RunBook book;
  FakeWork work;
  FakeSink sink;
  LinkSession session{work, book};
};

TEST_F(SessionTest, SaysHelloFirstWithItsOpenRuns) {
  End(v1::RUN_STATE_ROLLED_BACK);
  session.Start(&sink, clock.Both());
  ASSERT_EQ(sink.sent.size(), 1u);
  ASSERT_TRUE(sink.sent[0].has_hello());
  ASSERT_EQ(sink.sent[0].hello().open_runs_size(), 1);
  EXPECT_EQ(sink.sent[0].hello().open_runs(0).state(), v1::RUN_STATE_ROLLED_BACK);
}

TEST_F(SessionTest, SendsNothingElseBeforeTheWelcome) {
  session.Start(&sink, clock.Both());
  SayEvents(3);
  session.Pump();
  session.Reply(v1::AttachRequest());
  EXPECT_EQ(sink.sent.size(), 1u);
  session.Receive(Welcome(), clock.Both());
  EXPECT_THAT(sink.Seqs(), ElementsAre(1, 2, 3));
}

TEST_F(SessionTest, ClosesOnAnOrderBeforeTheWelcome) {
  session.Start(&sink, clock.Both());
  v1::AttachResponse order;
  order.mutable_plan_order()->set_order_id("o-1");
  session.Receive(order, clock.Both());
  EXPECT_TRUE(sink.closed);
  EXPECT_THAT(work.taken, IsEmpty());
}

TEST_F(SessionTest, HandsOrdersToTheAgentsWork) {
  session.Start(&sink, clock.Both());
  v1::AttachResponse welcome = Welcome();
  welcome.mutable_welcome()->add_expected_runs("r-9");
  session.Receive(welcome, clock.Both());
  v1::AttachResponse message;
  message.mutable_plan_order()->set_order_id("o-1");
  session.Receive(message, clock.Both());
  message.mutable_offer()->set_run_id("r-2");
  session.Receive(message, clock.Both());
  message.mutable_cancel()->set_run_id("r-2");
  session.Receive(message, clock.Both());
  message.mutable_resume()->set_run_id("r-3");
  session.Receive(message, clock.Both());
  EXPECT_THAT(work.taken, ElementsAre("no proof", "expected r-9", "plan o-1", "offer r-2",
                                      "cancel r-2", "resume r-3"));
}

TEST_F(SessionTest, SaysAgainAfterALostLinkWhatWasNotAcknowledged) {
  Attach();
  SayEvents(5);
  session.Pump();
  session.Receive(Ack(2), clock.Both());
  session.End();
  FakeSink second;
  session.Start(&second, clock.Both());
  session.Receive(Welcome(), clock.Both());
  EXPECT_THAT(second.Seqs(), ElementsAre(3, 4, 5));
}

TEST_F(SessionTest, SendsEachEventOnceOnOneStream) {
  Attach();
  SayEvents(2);
  session.Pump();
  session.Pump();
  EXPECT_THAT(sink.Seqs(), ElementsAre(1, 2));
}

TEST_F(SessionTest, SendsTheEndAfterTheEventsThatItFollows) {
  Attach();
  SayEvents(2);
  End(v1::RUN_STATE_SUCCEEDED);
  session.Pump();
  ASSERT_TRUE(sink.sent.back().has_report());
  EXPECT_EQ(sink.sent.back().report().last_seq(), 2u);
}

TEST_F(SessionTest, KeepsAWindowOfUnacknowledgedMessages) {
  Attach();
  SayEvents(400);
  session.Pump();
  EXPECT_EQ(sink.Seqs().size(), 256u);
  session.Receive(Ack(100), clock.Both());
  EXPECT_EQ(sink.Seqs().size(), 356u);
  EXPECT_EQ(sink.Seqs().back(), 356u);
}

TEST_F(SessionTest, ClosesTheBookOfAnAcknowledgedRun) {
  Attach();
  SayEvents(1);
  End(v1::RUN_STATE_SUCCEEDED);
  session.Pump();
  v1::AttachResponse ack;
  ack.mutable_report_ack()->set_run_id("r-1");
  ack.mutable_report_ack()->set_state(v1::RUN_STATE_SUCCEEDED);
  session.Receive(ack, clock.Both());
  EXPECT_FALSE(book.OpenRuns().empty()) << "its event is not acknowledged yet";
  session.Receive(Ack(1), clock.Both());
  EXPECT_TRUE(book.OpenRuns().empty());
}

TEST_F(SessionTest, BeatsAtAThirdOfTheLease) {
  Attach();
  EXPECT_EQ(session.NextTime(), clock.Steady() + absl::Seconds(5));
  session.OnTime(clock.Steady() + absl::Seconds(4));
  EXPECT_EQ(sink.sent.size(), 1u);
  session.OnTime(clock.Steady() + absl::Seconds(5));
  ASSERT_EQ(sink.sent.size(), 2u);
  EXPECT_EQ(sink.sent[1].heartbeat().active_run_id(), "r-1");
}

TEST_F(SessionTest, GivesUpASilentController) {
  Attach();
  session.OnTime(clock.Steady() + absl::Seconds(29));
  EXPECT_FALSE(sink.closed);
  session.OnTime(clock.Steady() + absl::Seconds(30));
  EXPECT_TRUE(sink.closed);
}

TEST_F(SessionTest, GivesUpAControllerThatNeverWelcomes) {
  session.Start(&sink, clock.Both());
  session.OnTime(clock.Steady() + absl::Seconds(30));
  EXPECT_TRUE(sink.closed);
}

TEST_F(SessionTest, AClockThatIsSetNeitherBeatsEarlyNorGivesUpNorFallsSilent) {
  for (const absl::Duration jump : {absl::Hours(1), -absl::Hours(1)}) {
    Attach();
    const size_t before = sink.sent.size();
    clock.Jump(jump);
    session.OnTime(clock.Steady());
    EXPECT_EQ(sink.sent.size(), before) << jump;
    EXPECT_FALSE(sink.closed) << jump;
    clock.Advance(absl::Seconds(5));
    session.OnTime(clock.Steady());
    EXPECT_TRUE(sink.sent.back().has_heartbeat()) << jump;
    session.End();
  }
}

TEST_F(SessionTest, SaysAtOnceAndAgainThatTheAgentIsAboutToStop) {
  Attach();
  work.draining = true;
  session.Beat();
  ASSERT_TRUE(sink.sent.back().has_heartbeat());
  EXPECT_TRUE(sink.sent.back().heartbeat().draining());
  session.End();
  FakeSink second;
  session.Start(&second, clock.Both());
  session.Beat();
  EXPECT_EQ(second.sent.size(), 1u) << "before the welcome there is the hello alone";
  session.Receive(Welcome(), clock.Both());
  EXPECT_TRUE(second.sent.back().heartbeat().draining());
}

// Whoever takes an offer must have seen the log that it is proved by.
TEST_F(SessionTest, TakesProofsBeforeWhatComesWithThem) {
  session.Start(&sink, clock.Both());
  v1::AttachResponse message = Welcome();
  message.mutable_welcome()->add_expected_runs("r-9");
  message.mutable_welcome()->mutable_log_proof()->set_old_size(4);
  session.Receive(message, clock.Both());
  message.mutable_offer()->set_run_id("r-2");
  message.mutable_offer()->mutable_log_proof()->set_old_size(5);
  session.Receive(message, clock.Both());
  message.mutable_log_proof()->set_old_size(6);
  session.Receive(message, clock.Both());
  message.mutable_offer()->set_run_id("r-3");
  session.Receive(message, clock.Both());
  EXPECT_THAT(work.taken, ElementsAre("proof 4", "expected r-9", "proof 5", "offer r-2", "proof 6",
                                      "offer r-3"));
  ASSERT_EQ(sink.sent.size(), 4u);
  EXPECT_EQ(sink.sent[1].cosignature().size(), 5u);
  EXPECT_EQ(sink.sent[3].cosignature().size(), 7u);
}

TEST_F(SessionTest, AttachesAnewAtAHeartbeatWhenItsHelloIsOld) {
  Attach();
  work.hello_is_old = true;
  clock.Advance(absl::Seconds(4));
  session.OnTime(clock.Steady());
  EXPECT_FALSE(sink.closed);
  clock.Advance(absl::Seconds(1));
  session.OnTime(clock.Steady());
  EXPECT_TRUE(sink.closed);
  EXPECT_EQ(sink.sent.size(), 1u) << "no heartbeat on a stream that ends";
}

TEST_F(SessionTest, LeavesWhenTheControllerDrains) {
  Attach();
  v1::AttachResponse drain;
  drain.mutable_drain();
  session.Receive(drain, clock.Both());
  EXPECT_TRUE(sink.closed);
}

TEST_F(SessionTest, DropsRepliesWithoutAStream) {
  Attach();
  session.End();
  session.Reply(v1::AttachRequest());
  EXPECT_EQ(sink.sent.size(), 1u);
}

}  // namespace
}  // namespace resetctl::agent

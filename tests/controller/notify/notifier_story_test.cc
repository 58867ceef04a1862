// What people are told while the services do their work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/notify/notifier.h"
#include "proto/contract/reasons.h"
#include "tests/controller/notify/receiver.h"
#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

using testing::Contains;
using testing::ElementsAre;

TEST(NotifierStoryTest, TellsAReset) {
  House house;
  Receiver ops;
  Notifier notifier({ops.AsSink()}, house.store, house.policy, house.clock);
  ASSERT_TRUE(notifier.Start().ok());
  const House::Attached agent = house.Attach("production");
  const v1::Plan plan = house.MakePlan("alice", agent);
  ASSERT_FALSE(  // an attempt that is refused is in the log, and nobody's business
      house.approvals.Decide(house.As("alice"), house.Decision("alice", plan, "approve")).ok());
  ASSERT_TRUE(house.approvals.Decide(house.As("bob"), house.Decision("bob", plan, "approve")).ok());
  v1::StartRunRequest request = house.RunRequest("alice", plan, kPhrase);
  request.set_detach(true);
  const auto run = house.runs.Start(house.As("alice"), request);
  ASSERT_TRUE(run.ok()) << run.status();
  house.Advance(absl::Seconds(5));
  house.Accept(agent, run->run().id());
  house.Report(agent, run->run().id(), v1::RUN_STATE_COMMITTED);
  house.Report(agent, run->run().id(), v1::RUN_STATE_NEEDS_ATTENTION, v1::REASON_AFTER_STEP_FAILED);
  notifier.Wake();
  EXPECT_THAT(ops.Await(4, "event"),
              ElementsAre("approval_needed", "approved", "run_started", "needs_attention"));
  EXPECT_THAT(ops.Await(4, "person"), ElementsAre("alice", "bob", "alice", "alice"));
  EXPECT_THAT(ops.Await(4, "plan"), ElementsAre(plan.id(), plan.id(), plan.id(), plan.id()));
  // As it was when it happened, whatever has been decided since.
  EXPECT_THAT(ops.Await(4, "state"),
              ElementsAre("PENDING_APPROVAL", "APPROVED", "HELD", "NEEDS_ATTENTION"));
  EXPECT_THAT(ops.Await(4, "reason"), ElementsAre("", "", "", "AFTER_STEP_FAILED"));
}

TEST(NotifierStoryTest, TellsOfAWitnesssAlarmAndOfItsEnd) {
  House house;
  Receiver ops;
  Notifier notifier({ops.AsSink()}, house.store, house.policy, house.clock);
  ASSERT_TRUE(notifier.Start().ok());
  const House::Attached agent = house.Attach("production");
  v1::AgentHello hello;
  hello.set_environment(agent.who.environment);
  hello.set_target(agent.who.target);
  hello.set_witness_key("a key");
  *hello.mutable_witness_alarm() =
      contract::MakeProblem(v1::REASON_LOG_FORKED, "the log has another history", "look into it");
  ASSERT_TRUE(house.agent_desk.Hello(agent.who, hello, agent.mail).ok());
  // Said again at each hello, told once.
  ASSERT_TRUE(house.agent_desk.Hello(agent.who, hello, agent.mail).ok());
  hello.clear_witness_alarm();
  ASSERT_TRUE(house.agent_desk.Hello(agent.who, hello, agent.mail).ok());
  notifier.Wake();
  EXPECT_THAT(ops.Await(2, "event"), ElementsAre("alarm", "alarm_over"));
  EXPECT_THAT(ops.Await(2, "reason"), ElementsAre("LOG_FORKED", ""));
  EXPECT_THAT(ops.Await(2, "plan"), ElementsAre("", ""));
  EXPECT_THAT(ops.Await(2, "target"), ElementsAre(agent.who.target, agent.who.target));
  notifier.Stop();
  // What became of it is an entry about the target, not about a plan.
  const std::vector<std::string> log = house.Log();
  EXPECT_THAT(log, Contains("notify.sent ok"));
}

TEST(NotifierStoryTest, ARunGoesOnWhileASinkHangs) {
  Ready house;
  Receiver dead({kHangs});
  Notifier notifier({dead.AsSink()}, house.store, house.policy, house.clock);
  ASSERT_TRUE(notifier.Start().ok());
  const std::string run = house.Offered();
  notifier.Wake();
  dead.Await(1);
  house.Accept(house.agent, run);
  house.Report(house.agent, run, v1::RUN_STATE_COMMITTED);
  house.Report(house.agent, run, v1::RUN_STATE_SUCCEEDED);
  notifier.Wake();
  EXPECT_EQ(house.StateOf(run), v1::RUN_STATE_SUCCEEDED);
  notifier.Stop();
  EXPECT_EQ(dead.Count(), 1u);
}

}  // namespace
}  // namespace resetctl::controller

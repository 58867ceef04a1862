// A real agent of its own: asked to stop, and in the hands of a controller of the next minor version.
#include <csignal>

#include <gtest/gtest.h>

#include "proto/base/file.h"
#include "proto/contract/reasons.h"
#include "tests/e2e/forged_offer.h"
#include "tests/support/await.h"

namespace resetctl::support {
namespace {

class AgentAloneTest : public testing::Test {
 protected:
  std::string Log() { return base::ReadFile(house_.folder() + "/agent.log").value_or(""); }
  // A run that has been accepted, and waits for a table that the test has locked.
  std::string RunUpToTheLock(TestConnection& lock) {
    lock.Execute("begin; lock table items in row exclusive mode");
    Draft draft(house_);
    const v1::RunOffer offer = draft.Build();
    const v1::OfferReply reply = house_.controller().Offer(offer);
    EXPECT_TRUE(reply.accepted()) << reply.DebugString();
    Await("the run to wait for its lock", [&] {
      return house_.database().Scalar(
                 "select count(*) > 0 from pg_locks where not granted and relation = "
                 "'items'::regclass") == "t";
    });
    return offer.run_id();
  }

  ForgeryHouse house_;
};

TEST_F(AgentAloneTest, AskedToStopItEndsTheRunUnderWayAndTakesNothingNew) {
  TestConnection lock = house_.database().Connect("lock");
  const std::string run_id = RunUpToTheLock(lock);
  house_.agent().Signal(SIGTERM);
  house_.controller().AwaitDraining();
  const v1::PlanReply plan = house_.controller().Order(house_.PlanOrder(house_.Blueprint()));
  ASSERT_EQ(plan.problems_size(), 1);
  EXPECT_EQ(plan.problems(0).reason(), v1::REASON_DRAINING);
  v1::RunOffer other;
  other.set_run_id("r-00000000000000ff");
  EXPECT_EQ(house_.controller().Offer(other).problem().reason(), v1::REASON_DRAINING);
  lock.Execute("rollback");
  const v1::RunReport end = house_.controller().AwaitEnd(run_id);
  EXPECT_EQ(end.state(), v1::RUN_STATE_SUCCEEDED) << end.DebugString();
  EXPECT_EQ(house_.agent().Stop(), 0) << Log();
}

TEST_F(AgentAloneTest, AskedTwiceItLeavesTheRunToTheNextStart) {
  TestConnection lock = house_.database().Connect("lock");
  const std::string before = house_.database().Scalar("select count(*) from items");
  RunUpToTheLock(lock);
  house_.agent().Signal(SIGTERM);
  house_.controller().AwaitDraining();
  EXPECT_EQ(house_.agent().Stop(), 0) << Log();
  EXPECT_NE(Log().find("the next start settles it"), std::string::npos) << Log();
  lock.Execute("rollback");
  EXPECT_EQ(house_.database().Scalar("select count(*) from items"), before);
}

TEST_F(AgentAloneTest, PlansAndRunsForAControllerOfTheNextMinorVersion) {
  house_.controller().SpeakAsNextMinor();
  const int hellos = house_.controller().hellos();
  house_.controller().HangUp();  // so that it is welcomed by it, too
  house_.controller().AwaitHelloAfter(hellos);
  house_.ProveAlive();
  EXPECT_EQ(house_.agent().Stop(), 0) << Log();
}

}  // namespace
}  // namespace resetctl::support

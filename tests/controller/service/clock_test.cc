// Somebody sets the controller's clock, forwards or back, while things are under way: nothing ends early, nothing hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/service/rate_limiter.h"
#include "controller/service/wire_time.h"
#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

class ClockTest : public testing::TestWithParam<absl::Duration> {
 protected:
  // No time passes.
  void Jump() {
    house.clock.Jump(GetParam());
    house.scheduler.RunDue();
  }
  void Beat() {
    v1::AttachRequest beat;
    beat.mutable_heartbeat();
    ASSERT_TRUE(house.Tell(house.agent, beat).ok());
  }

  Ready house;
};

TEST_P(ClockTest, AHoldLastsAsLongAsItWasSetFor) {
  const auto run = house.Run();
  ASSERT_TRUE(run.ok()) << run.status();
  Jump();
  house.Advance(absl::Milliseconds(4999));
  EXPECT_EQ(house.StateOf(run->run().id()), v1::RUN_STATE_HELD);
  house.Advance(absl::Milliseconds(1));
  EXPECT_EQ(house.StateOf(run->run().id()), v1::RUN_STATE_OFFERED);
}

TEST_P(ClockTest, AnOfferIsWaitedForAMinute) {
  const std::string id = house.Offered();
  Jump();
  for (int i = 0; i < 5; ++i) {
    Beat();
    house.Advance(absl::Seconds(10));
  }
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_OFFERED);
  Beat();
  house.Advance(absl::Seconds(10));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_UNKNOWN);
}

TEST_P(ClockTest, ALeaseEndsWhenTheAgentWasSilentForItAndNotBefore) {
  const std::string id = house.Running();
  Jump();
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  EXPECT_TRUE(house.agent.mail->closed.empty());
  Beat();
  house.Advance(absl::Seconds(14));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  house.Advance(absl::Seconds(1));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_UNKNOWN);
}

TEST_P(ClockTest, AnAgentThatIsGoneIsWaitedForUntilItsLeaseEnds) {
  const std::string id = house.Running();
  house.Advance(absl::Seconds(5));
  house.agent_desk.Gone(house.agent.who, house.agent.session, absl::OkStatus());
  Jump();
  house.Advance(absl::Seconds(9));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_RUNNING);
  house.Advance(absl::Seconds(1));
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_UNKNOWN);
}

TEST_P(ClockTest, ARunEndsAsTheAgentSays) {
  const std::string id = house.Running();
  Jump();
  house.Report(house.agent, id, v1::RUN_STATE_COMMITTED);
  house.clock.Jump(-GetParam());
  house.Report(house.agent, id, v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_SUCCEEDED);
}

TEST_P(ClockTest, TheTimesOfTheLogNeverGoBack) {
  const std::string id = house.Running();
  Jump();
  house.Event(id, 1);
  house.clock.Jump(-GetParam());
  house.Event(id, 2);
  house.Report(house.agent, id, v1::RUN_STATE_SUCCEEDED);
  absl::Time last = absl::InfinitePast();
  const auto entries = house.store.ReadAudit(0, 500);
  ASSERT_TRUE(entries.ok()) << entries.status();
  for (const StoredAuditEntry& stored : *entries) {
    v1::AuditEntry entry;
    ASSERT_TRUE(entry.ParseFromString(stored.bytes));
    EXPECT_GE(TimeOf(entry.time()), last) << entry.action();
    last = TimeOf(entry.time());
  }
}

TEST_P(ClockTest, AnOrderWaitsForItsAgentAsLongAsBefore) {
  const auto answer = house.Order("alice", house.PlanRequest("alice", "production"));
  Jump();
  EXPECT_TRUE(absl::IsUnknown(answer->status())) << "ended early: " << answer->status();
  house.ReplyWithPlan(house.agent);
  EXPECT_TRUE(answer->ok()) << answer->status();
}

TEST_P(ClockTest, RateLimitsFillUpByThePassingOfTime) {
  RateLimiter limiter(2, 2);
  const auto take = [&] { return limiter.Take("10.0.0.1", house.clock.Steady()); };
  EXPECT_TRUE(take());
  EXPECT_TRUE(take());
  Jump();
  EXPECT_FALSE(take());
  house.Advance(absl::Seconds(30));
  EXPECT_TRUE(take());
}

INSTANTIATE_TEST_SUITE_P(ByAnHour, ClockTest, testing::Values(absl::Hours(1), -absl::Hours(1)),
                         [](const auto& jump) {
                           return jump.param > absl::ZeroDuration() ? "Forwards" : "Back";
                         });

// ---- dates: they do follow the clock that is set

struct Dated {
  test::FakeClock clock{Start()};
  Scheduler scheduler{clock};
  int ran = 0;
  void At(absl::Duration from_now) {
    scheduler.AtDate(clock.Now() + from_now, [this] { ++ran; });
  }
  void Pass(absl::Duration by) {
    clock.Advance(by);
    scheduler.RunDue();
  }
};

TEST(SchedulerTest, ADateComesWhenTheClockSaysSo) {
  Dated it;
  it.At(absl::Minutes(30));
  for (int i = 0; i < 29; ++i) it.Pass(absl::Minutes(1));
  EXPECT_EQ(it.ran, 0);
  it.Pass(absl::Minutes(1));
  EXPECT_EQ(it.ran, 1);
  it.Pass(absl::Hours(1));
  EXPECT_EQ(it.ran, 1);
}

TEST(SchedulerTest, ADateThatTheClockHasJumpedOverComesWithinAMinute) {
  Dated it;
  it.At(absl::Minutes(30));
  it.clock.Jump(absl::Hours(1));
  it.Pass(absl::Minutes(1));
  EXPECT_EQ(it.ran, 1);
}

TEST(SchedulerTest, ADateWaitsForAClockThatIsSetBack) {
  Dated it;
  it.At(absl::Seconds(30));
  it.clock.Jump(-absl::Hours(1));
  it.Pass(absl::Seconds(30));
  EXPECT_EQ(it.ran, 0);
  for (int i = 0; i < 60; ++i) it.Pass(absl::Minutes(1));
  EXPECT_EQ(it.ran, 1);
}

TEST(SchedulerTest, ACancelledDateNeverComes) {
  Dated it;
  const Scheduler::Id id =
      it.scheduler.AtDate(it.clock.Now() + absl::Minutes(3), [&] { ++it.ran; });
  it.Pass(absl::Minutes(1));  // looked at once, and put back
  it.scheduler.Cancel(id);
  it.Pass(absl::Hours(1));
  EXPECT_EQ(it.ran, 0);
}

}  // namespace
}  // namespace resetctl::controller

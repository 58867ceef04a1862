#include "client/output/report_timeline.h"

#include <gtest/gtest.h>

#include "client/output/times.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

constexpr v1::EventKind kStarted = v1::EVENT_KIND_STARTED;
constexpr v1::EventKind kSucceeded = v1::EVENT_KIND_SUCCEEDED;
constexpr v1::EventKind kFailed = v1::EVENT_KIND_FAILED;

absl::Time At(int seconds) { return ALook().now + absl::Seconds(seconds); }

class TimelineTest : public testing::Test {
 protected:
  v1::RunEvent& Add(v1::StepKind step, v1::EventKind kind, int seconds, const char* name = "") {
    v1::RunEvent& event = events_.emplace_back(AnEvent(step, kind, events_.size() + 1));
    *event.mutable_time() = ToProto(At(seconds));
    event.set_name(name);
    return event;
  }
  std::vector<v1::RunEvent> events_;
};

TEST_F(TimelineTest, AStepGoesFromItsStartToItsEnd) {
  Add(v1::STEP_KIND_CLEAR, kStarted, 1);
  Add(v1::STEP_KIND_CLEAR, v1::EVENT_KIND_PROGRESS, 3);
  Add(v1::STEP_KIND_CLEAR, kSucceeded, 4).set_done(7);
  const auto attempts = AttemptsOf(events_);
  ASSERT_EQ(attempts.size(), 1u);
  ASSERT_EQ(attempts[0].size(), 1u);
  EXPECT_EQ(attempts[0][0].from, At(1));
  EXPECT_EQ(attempts[0][0].to, At(4));
  EXPECT_EQ(attempts[0][0].end, kSucceeded);
  EXPECT_EQ(attempts[0][0].last.done(), 7);
}

TEST_F(TimelineTest, AStepThatIsToldWhenItIsOverBeganAsLongAgoAsItTook) {
  Add(v1::STEP_KIND_VERIFY, kSucceeded, 5).mutable_took()->set_seconds(2);
  const auto attempts = AttemptsOf(events_);
  EXPECT_EQ(attempts[0][0].from, At(3));
  EXPECT_EQ(attempts[0][0].to, At(5));
}

TEST_F(TimelineTest, PartsStandAfterTheirStepInTheOrderOfTheirStarts) {
  Add(v1::STEP_KIND_RECREATE, kStarted, 1);
  Add(v1::STEP_KIND_RECREATE, kStarted, 1, "Admin");
  Add(v1::STEP_KIND_RECREATE, kSucceeded, 2, "Admin");
  Add(v1::STEP_KIND_RECREATE, kStarted, 2, "Brands");
  Add(v1::STEP_KIND_RECREATE, kSucceeded, 3, "Brands");
  Add(v1::STEP_KIND_RECREATE, kSucceeded, 3);
  const auto attempts = AttemptsOf(events_);
  ASSERT_EQ(attempts.size(), 1u);
  ASSERT_EQ(attempts[0].size(), 3u);
  EXPECT_EQ(attempts[0][0].name, "");
  EXPECT_EQ(attempts[0][0].to, At(3));
  EXPECT_EQ(attempts[0][1].name, "Admin");
  EXPECT_EQ(attempts[0][2].name, "Brands");
}

TEST_F(TimelineTest, AStepThatHasNotEndedGoesOnUntilTheLastWord) {
  Add(v1::STEP_KIND_CLEAR, kStarted, 1);
  Add(v1::STEP_KIND_LOCK, kStarted, 2);
  Add(v1::STEP_KIND_LOCK, kSucceeded, 9);
  const auto attempts = AttemptsOf(events_);
  EXPECT_EQ(attempts[0][0].end, v1::EVENT_KIND_UNSPECIFIED);
  EXPECT_EQ(attempts[0][0].to, At(9));
}

TEST_F(TimelineTest, AResumeHasAScaleOfItsOwn) {
  Add(v1::STEP_KIND_AFTER, kStarted, 1, "Restart");
  Add(v1::STEP_KIND_AFTER, kFailed, 2, "Restart");
  Add(v1::STEP_KIND_AFTER, kStarted, 7200, "Restart");
  Add(v1::STEP_KIND_AFTER, kSucceeded, 7201, "Restart");
  const auto attempts = AttemptsOf(events_);
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0][0].end, kFailed);
  EXPECT_EQ(attempts[1][0].from, At(7200));
  EXPECT_EQ(attempts[1][0].end, kSucceeded);
}

TEST_F(TimelineTest, NothingBegunIsNoAttempt) { EXPECT_TRUE(AttemptsOf({}).empty()); }

}  // namespace
}  // namespace resetctl::client

#include "proto/base/backoff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace resetctl::base {
namespace {

using testing::ElementsAre;

TEST(BackoffTest, DoublesItsWindowUpToTheMaximum) {
  Backoff backoff(absl::Seconds(1), absl::Seconds(64), [] { return 1.0; });
  std::vector<int64_t> waits;
  for (int i = 0; i < 9; ++i) waits.push_back(absl::ToInt64Seconds(backoff.Next()));
  EXPECT_THAT(waits, ElementsAre(1, 2, 4, 8, 16, 32, 64, 64, 64));
}

TEST(BackoffTest, IsUniformOverItsWindow) {
  double next = 0;
  Backoff backoff(absl::Seconds(4), absl::Seconds(64), [&] { return next; });
  EXPECT_EQ(backoff.Next(), absl::ZeroDuration());
  next = 0.5;
  EXPECT_EQ(backoff.Next(), absl::Seconds(4)) << "half of a doubled window";
}

TEST(BackoffTest, StartsAgainAfterAReset) {
  Backoff backoff(absl::Seconds(1), absl::Seconds(64), [] { return 1.0; });
  backoff.Next();
  backoff.Next();
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Seconds(1));
}

}  // namespace
}  // namespace resetctl::base

#include "controller/notify/waking_committer.h"

#include <gtest/gtest.h>

#include "tests/controller/store/store_fixture.h"
#include "tests/support/memory_store.h"

namespace resetctl::controller {
namespace {

TEST(WakingCommitterTest, WakesAfterWhatWasCommitted) {
  MemoryStore store;
  uint64_t seen = 0;
  WakingCommitter committer(store, [&] { seen = store.GetCheckpoint()->size; });
  ASSERT_TRUE(committer.Commit(Change(), AuditTrail(AnEntry("login"))).ok());
  EXPECT_EQ(seen, 1u);
}

TEST(WakingCommitterTest, SleepsOnWhenNothingWasCommitted) {
  MemoryStore store;
  bool woken = false;
  WakingCommitter committer(store, [&] { woken = true; });
  EXPECT_FALSE(
      committer.Commit(Change().Add(UpdatePlan{APlan().Build()}), AuditTrail(AnEntry("x"))).ok());
  ASSERT_TRUE(committer.Write(SetNotificationCursor{"ops", 1}).ok());
  EXPECT_FALSE(woken);
  EXPECT_EQ(*store.FindCursor("ops"), 1u);
}

}  // namespace
}  // namespace resetctl::controller

// Redis is gone just after it was emptied and before the agent has written its marker back: a resume does what is left.
#include <gtest/gtest.h>

#include "tests/e2e/failpoints.h"
#include "tests/e2e/gated_shop.h"

namespace resetctl::support {
namespace {

constexpr char kEmptied[] = "agent.cache.emptied";

class LostCacheTest : public GatedShopTest {
 protected:
  LostCacheTest() { options_.failpoints = failpoints_.folder(); }
  void TearDown() override { stack_.reset(); }  // before the failpoints go

  Failpoints failpoints_;
};

TEST_F(LostCacheTest, BetweenFlushAndMarkerNeedsAttentionAndResumeFinishesIt) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  failpoints_.Arm(kEmptied);
  std::unique_ptr<Daemon> client = StartRun(plan);
  failpoints_.AwaitAt(kEmptied);
  const std::string run = OnlyRun();
  Redis("staging").Stop();
  failpoints_.Go(kEmptied);
  AwaitState(run, "RUN_STATE_NEEDS_ATTENTION");
  EXPECT_EQ(EndOf(*client), 6);
  const std::string page = As("alice", {"show", run}).out;
  EXPECT_NE(page.find("resetctl resume"), std::string::npos) << page;

  Redis("staging").Start();
  Redis("staging").Call({"SET", "stale", "x"});
  const Said said = As("alice", {"resume", run});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_EQ(Redis("staging").Call({"EXISTS", "stale"}), "0");
  EXPECT_NE(Redis("staging").Call({"GET", "resetctl:target"}), "");
  EXPECT_EQ(Database("staging").Scalar("select count(*) from resetctl.ledger"), "1");
}

}  // namespace
}  // namespace resetctl::support

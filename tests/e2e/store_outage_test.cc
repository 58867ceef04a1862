// The controller's store cannot be written while a run is going on: what became of the run is known when it can.
#include <gtest/gtest.h>

#include "controller/store/sqlite/connection.h"
#include "proto/base/file.h"
#include "tests/e2e/gated_shop.h"

namespace resetctl::support {
namespace {

class StoreOutageTest : public GatedShopTest {
 protected:
  bool Logged(const std::string& line) {
    return base::ReadFile(stack_->folder() + "/controller.log")->find(line) != std::string::npos;
  }
};

TEST_F(StoreOutageTest, ARunThatEndsMeanwhileIsToldOfAfterwardsAndOnce) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  const auto other =
      *controller::Connection::Open(stack_->folder() + "/controller/state/controller.db", false);
  ASSERT_TRUE(other->Exec("BEGIN IMMEDIATE").ok());
  OpenGate(gate);
  Await("the cache to be flushed", [&] {
    return Redis("staging").Call({"EXISTS", "session:0"}) == "0";
  });
  Await("the controller to notice", [&] { return Logged("the store cannot be written"); });
  EXPECT_EQ(StateOf(run), "RUN_STATE_RUNNING") << "what is not written down is not true";

  ASSERT_TRUE(other->Exec("COMMIT").ok());
  AwaitState(run, "RUN_STATE_SUCCEEDED");
  const std::string shown = As("alice", {"show", run, "-o", "json"}).out;
  ExpectEventsOnceEach(shown);
  EXPECT_EQ(EndOf(*client), 0);
  EXPECT_EQ(Database("staging").Scalar("select count(*) from resetctl.ledger"), "1");
}

}  // namespace
}  // namespace resetctl::support

// That what the services commit reaches a receiver of the whole program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/app/controller.h"
#include "controller/app/init.h"
#include "controller/store/sqlite/sqlite_store.h"
#include "proto/base/clock.h"
#include "proto/base/file.h"
#include "proto/contract/checkpoint.h"
#include "tests/controller/notify/receiver.h"
#include "tests/support/controller_builders.h"
#include "tests/support/temp_folder.h"

namespace resetctl::controller {
namespace {

using testing::ElementsAre;

class NotifyTest : public testing::Test {
 protected:
  NotifyTest() {
    InitOptions options;
    options.folder = folder_.path();
    const std::string key = folder_.File("alice.pub");
    EXPECT_TRUE(base::WriteFileDurably(key, KeyLine("alice") + " alice@laptop\n", 0644).ok());
    options.person = "alice=" + key;
    EXPECT_TRUE(Init(options, base::RealClock().Now()).ok());
    config_ = LoadConfig(folder_.File("controller.yaml")).value();
    config_.listen = "127.0.0.1:0";
    materials_ = LoadMaterials(config_).value();
  }
  // As an earlier controller left it: a run that was counting down.
  void LeaveAHeldRun() {
    const std::string origin = "resetctl.controller/" + config_.name;
    const auto sign = [&](const contract::Checkpoint& checkpoint) {
      return contract::SignCheckpoint(checkpoint, origin, materials_.log_keys.pems.front());
    };
    const auto store =
        OpenSqliteStore({config_.state_dir + "/controller.db", origin, sign}).value();
    const PlanRecord plan = APlan().State(v1::PLAN_STATE_RUNNING).Build();
    v1::AuditEntry entry;
    entry.set_action("test");
    ASSERT_TRUE(store
                    ->Commit(Change().Add(InsertPlan{plan, "bundle"}).Add(InsertRun{ARun(plan)}),
                             AuditTrail(entry))
                    .ok());
  }

  test::TempFolder folder_;
  Config config_;
  Materials materials_;
};

TEST_F(NotifyTest, TellsOfARunThatTheRestartHasCancelled) {
  LeaveAHeldRun();
  Receiver ops;
  materials_.sinks = {ops.AsSink()};
  const auto controller = Controller::Start(config_, materials_, base::RealClock());
  ASSERT_TRUE(controller.ok()) << controller.status();
  EXPECT_THAT(ops.Await(1, "event"), ElementsAre("run_ended"));
  EXPECT_THAT(ops.Await(1, "state"), ElementsAre("CANCELLED"));
}

TEST_F(NotifyTest, StopsWhileAReceiverHangs) {
  LeaveAHeldRun();
  Receiver ops({kHangs});
  materials_.sinks = {ops.AsSink()};
  const auto controller = Controller::Start(config_, materials_, base::RealClock());
  ASSERT_TRUE(controller.ok()) << controller.status();
  ops.Await(1);
  (*controller)->Drain();
  EXPECT_EQ(ops.Count(), 1u);
}

}  // namespace
}  // namespace resetctl::controller

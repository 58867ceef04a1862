// A controller that is asked to stop (SIGTERM) while runs are going on.
#include <csignal>

#include <gtest/gtest.h>

#include "proto/base/file.h"
#include "tests/e2e/failpoints.h"
#include "tests/e2e/gated_shop.h"

namespace resetctl::support {
namespace {

constexpr char kOrderStored[] = "controller.run.stored";

class DrainTest : public GatedShopTest {
 protected:
  DrainTest() {
    options_.failpoints = failpoints_.folder();
    options_.policy =
        "environments:\n  staging: {plan: [dba], run: [dba], approvals: {required: 0}}\n"
        "  demo: {plan: [dba], run: [dba], approvals: {required: 0}}\n";
  }
  void TearDown() override { stack_.reset(); }  // before the failpoints go

  // An order that is not answered as long as it stands at its failpoint: a call in progress.
  std::unique_ptr<Daemon> StartCall() {
    const std::string plan = stack_->Plan("bob", Blueprint(), "demo");
    failpoints_.Arm(kOrderStored);
    std::unique_ptr<Daemon> call =
        stack_->InBackground("bob", {"run", plan, "--detach"}, stack_->folder() + "/call.log");
    failpoints_.AwaitAt(kOrderStored);
    return call;
  }
  Said AwaitDraining() {
    Said said;
    Await("the controller to take nothing new", [&] {
      said = As("alice", {"list", "runs", "-o", "json"});
      return said.exit_code != 0;
    });
    return said;
  }

  Failpoints failpoints_;
};

TEST_F(DrainTest, RunsGoOnAtTheirAgentsAndNewOnesAreRefused) {
  Open("staging");
  Open("demo");
  const std::string before = Contents("demo");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  const std::string other = stack_->Plan("alice", Blueprint(), "staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  std::unique_ptr<Daemon> call = StartCall();

  stack_->controller().Signal(SIGTERM);
  EXPECT_EQ(Stack::Field(AwaitDraining().out, "error.reason"), "DRAINING");
  const Said refused = As("alice", {"run", other, "-o", "json"});
  EXPECT_EQ(refused.exit_code, 9);
  EXPECT_EQ(Stack::Field(refused.out, "error.reason"), "DRAINING") << refused.both();
  failpoints_.Go(kOrderStored);
  EXPECT_EQ(EndOf(stack_->controller()), 0);
  EXPECT_EQ(EndOf(*call), 0) << "a call in progress was not answered";

  OpenGate(gate);
  Await("the reset to commit",
        [&] { return Database("staging").Scalar("select count(*) from users") == "1"; });
  stack_->StartController();
  AwaitState(run, "RUN_STATE_SUCCEEDED");
  EXPECT_EQ(EndOf(*client), 0) << "who watched the run was not told of its end";
  EXPECT_EQ(Contents("demo"), before);
  EXPECT_EQ(StateOfPlan(other), "PLAN_STATE_APPROVED");
}

class ShortDrainTest : public DrainTest {
 protected:
  ShortDrainTest() { options_.controller_yaml = "drain_timeout: 1s\n"; }
};

TEST_F(ShortDrainTest, ACallThatHangsHoldsNothingUp) {
  Open("staging");
  Open("demo");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  std::unique_ptr<Daemon> call = StartCall();
  stack_->controller().Signal(SIGTERM);
  EXPECT_EQ(EndOf(stack_->controller()), 0);
  EXPECT_NE(
      base::ReadFile(stack_->folder() + "/controller.log")->find("before all calls had ended"),
      std::string::npos);
  EXPECT_EQ(EndOf(*call), 9) << "it was cut off";
  stack_->StartController();
  OpenGate(gate);
  AwaitState(run, "RUN_STATE_SUCCEEDED");
}

}  // namespace
}  // namespace resetctl::support

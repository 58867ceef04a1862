// Programs of two builds together, of this and of another version: RESETCTL_OTHER_BUILD is the other's build folder. tests/versions.sh
// builds it from a commit.
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/e2e/gated_shop.h"

namespace resetctl::support {
namespace {

class VersionsTest : public GatedShopTest {
 protected:
  void SetUp() override {
    const char* const folder = std::getenv("RESETCTL_OTHER_BUILD");
    if (folder == nullptr) {
      GTEST_SKIP() << "RESETCTL_OTHER_BUILD names no build of another version: nothing was tried";
    }
    const std::string build = folder;
    other_ = {build + "/bin/resetctl", build + "/bin/reset-agent", build + "/bin/reset-controller"};
    options_.programs = ToBeginWith();
    GatedShopTest::SetUp();
  }
  virtual Programs ToBeginWith() { return other_; }

  void ReplaceController() {
    stack_->controller().Signal(SIGTERM);
    EXPECT_EQ(EndOf(stack_->controller()), 0);
    stack_->StartController();
  }
  void ReplaceAgent(const std::string& environment) {
    stack_->AgentOf(environment).Signal(SIGTERM);
    EXPECT_EQ(EndOf(stack_->AgentOf(environment)), 0);
    stack_->StartAgent(environment);
    stack_->AwaitAgent(environment);
  }
  void ExpectNewRows(const std::string& environment) {
    TestDatabase& database = Database(environment);
    EXPECT_EQ(database.Scalar("select string_agg(username, ',') from users"), "root");
    EXPECT_EQ(database.Scalar("select string_agg(id || name, ',') from companies"), "1My Company");
    EXPECT_EQ(database.Scalar("select count(*) from items"), "0");
    EXPECT_EQ(Redis(environment).Call({"KEYS", "*"}), "resetctl:target\n");
  }
  // There is something to clear again.
  void Spoil(const std::string& environment) {
    Database(environment).Execute("insert into items (sku) values ('spoiled')");
  }
  void ExpectSuccess(const std::string& person, const std::vector<std::string>& arguments) {
    const Said said = As(person, arguments);
    EXPECT_EQ(said.exit_code, 0) << arguments.front() << ": " << said.both();
  }
  void RunsAreDone(const std::string& environment) {
    Spoil(environment);
    const std::string plan = stack_->Plan("alice", Blueprint(), environment);
    ExpectSuccess("alice", {"show", plan});
    ExpectSuccess("alice", {"run", plan});
    ExpectNewRows(environment);
  }
  void TheLogVerifies() {
    const std::string folder = stack_->folder();
    ExpectSuccess(
        "alice",
        {"audit", "verify", "--log-key", folder + "/controller/log.pub", "--allowed-signers",
         folder + "/agent-" + environments_.begin()->first + "/trust/allowed_signers"});
  }

  Programs other_;
  const Programs ours_ = Programs::OfThisBuild();
};

enum class Which { kClient, kAgent, kController };

// One of the three programs is the other version's.
class OneOfThemTest : public VersionsTest, public ::testing::WithParamInterface<Which> {
 protected:
  Programs ToBeginWith() override {
    Programs programs = ours_;
    switch (GetParam()) {
      case Which::kClient:
        programs.client = other_.client;
        break;
      case Which::kAgent:
        programs.agent = other_.agent;
        break;
      case Which::kController:
        programs.controller = other_.controller;
        break;
    }
    return programs;
  }
};

TEST_P(OneOfThemTest, DoesTheWholeJob) {
  Open("production");
  const std::string plan = stack_->Plan("carol", Blueprint(), "production");
  EXPECT_EQ(As("carol", {"run", plan, "--confirm", kPhrase}).exit_code, 3);
  ExpectSuccess("alice", {"approve", plan, "--yes"});
  ExpectSuccess("dana", {"approve", plan, "--yes"});
  ExpectSuccess("carol", {"run", plan, "--confirm", kPhrase});
  ExpectNewRows("production");
  const std::string run = OnlyRun();
  const Said shown = As("alice", {"show", run, "-o", "json"});
  EXPECT_EQ(Stack::Field(shown.out, "run.state"), "RUN_STATE_SUCCEEDED") << shown.both();
  ExpectEventsOnceEach(shown.out);
  ExpectSuccess("alice", {"watch", run});
  ExpectSuccess("alice", {"doctor"});
  TheLogVerifies();
}

TEST_P(OneOfThemTest, CancelsARun) {
  Open("staging");
  const std::string before = Contents("staging");
  RunAtGate at = RunToTheGate();
  const Said asked = As("bob", {"cancel", at.run});
  EXPECT_EQ(asked.exit_code, 7) << "asked for, and not done yet: " << asked.both();
  AwaitState(at.run, "RUN_STATE_CANCELLED");
  OpenGate(at.gate);
  EXPECT_EQ(Contents("staging"), before);
}

TEST_P(OneOfThemTest, AnAgentThatDiesKnowsWhatBecameOfItsRun) {
  Open("staging");
  const std::string before = Contents("staging");
  RunAtGate at = RunToTheGate();
  stack_->AgentOf("staging").Kill();
  stack_->StartAgent("staging");
  AwaitState(at.run, "RUN_STATE_ROLLED_BACK");
  OpenGate(at.gate);
  EXPECT_EQ(Contents("staging"), before);
  RunsAreDone("staging");
}

INSTANTIATE_TEST_SUITE_P(All, OneOfThemTest,
                         ::testing::Values(Which::kClient, Which::kAgent, Which::kController),
                         [](const auto& which) {
                           return std::string(which.param == Which::kClient  ? "Client"
                                              : which.param == Which::kAgent ? "Agent"
                                                                             : "Controller");
                         });

// As docs/guide/upgrading.md says it, from the other version to this one, with runs at each stage.
TEST_F(VersionsTest, AnUpgradeInItsOrder) {
  Open("staging");
  const std::string planned_before = stack_->Plan("alice", Blueprint(), "staging");
  RunsAreDone("staging");
  stack_->Use({other_.client, other_.agent, ours_.controller});
  ReplaceController();
  stack_->AwaitAgent("staging");
  RunsAreDone("staging");
  stack_->Use({ours_.client, other_.agent, ours_.controller});
  RunsAreDone("staging");
  stack_->Use(ours_);
  ReplaceAgent("staging");
  RunsAreDone("staging");
  ExpectSuccess("alice", {"show", planned_before});
  TheLogVerifies();
}

TEST_F(VersionsTest, ARunGoesOnWhileTheControllerIsUpgraded) {
  Open("staging");
  RunAtGate at = RunToTheGate();
  stack_->Use({ours_.client, other_.agent, ours_.controller});
  ReplaceController();
  stack_->AwaitAgent("staging");
  OpenGate(at.gate);
  AwaitState(at.run, "RUN_STATE_SUCCEEDED");
  ExpectNewRows("staging");
  ExpectEventsOnceEach(As("alice", {"show", at.run, "-o", "json"}).out);
  TheLogVerifies();
}

TEST_F(VersionsTest, ANewAgentSettlesTheRunOfTheOneBefore) {
  Open("staging");
  const std::string before = Contents("staging");
  RunAtGate at = RunToTheGate();
  stack_->AgentOf("staging").Kill();
  stack_->Use({other_.client, ours_.agent, other_.controller});
  stack_->StartAgent("staging");
  AwaitState(at.run, "RUN_STATE_ROLLED_BACK");
  OpenGate(at.gate);
  EXPECT_EQ(Contents("staging"), before);
  // Plans that were made before stay good.
  ExpectSuccess("alice", {"run", at.plan});
  ExpectNewRows("staging");
}

TEST_F(VersionsTest, AnAgentIsSetBack) {
  Open("staging");
  stack_->Use({ours_.client, ours_.agent, ours_.controller});
  ReplaceController();
  ReplaceAgent("staging");
  RunsAreDone("staging");
  stack_->Use({ours_.client, other_.agent, ours_.controller});
  ReplaceAgent("staging");
  RunsAreDone("staging");
  TheLogVerifies();
}

}  // namespace
}  // namespace resetctl::support

#include <csignal>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/client/fake_controller.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

constexpr char kPhrase[] = "DELETE ALL DATA rental-manager";

class RunFlowTest : public testing::Test {
 protected:
  RunFlowTest() {
    std::ofstream(controller_.home() + "/blueprint.yaml")
        << "version: 1\nname: rental-manager\npostgres:\n  schemas: [public]\n  clear:\n"
           "    - group: All\n      tables: [items]\n";
    script().rules.hold = absl::ZeroDuration();
  }

  Script& script() { return controller_.script(); }

  void MakePlan() {
    const Called called =
        Call(controller_, {"plan", controller_.home() + "/blueprint.yaml", "--env", "production"});
    ASSERT_EQ(called.exit, 0) << called.err;
  }
  void EndsAs(v1::RunState state) {
    v1::RunEvent clear = AnEvent(v1::STEP_KIND_CLEAR, v1::EVENT_KIND_SUCCEEDED, 1);
    clear.set_done(1240243);
    clear.set_unit("rows");
    script().events = {clear, AnEvent(v1::STEP_KIND_COMMIT, v1::EVENT_KIND_SUCCEEDED, 2)};
    script().end = ARun(controller_.plan(), state);
  }
  Called Run(std::vector<std::string> more, const std::vector<std::string>& typed = {}) {
    std::vector<std::string> arguments = {"run", controller_.plan().id()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Call(controller_, arguments, typed);
  }

  FakeController controller_;
};

TEST_F(RunFlowTest, AWrongPhraseStartsNothing) {
  MakePlan();
  for (const char* wrong : {"DELETE ALL DATA", "delete all data rental-manager"}) {
    const Called called = Run({"--confirm", wrong, "-o", "json"});
    EXPECT_EQ(called.exit, 3);
    EXPECT_NE(called.out.find("WRONG_PHRASE"), std::string::npos) << called.out;
  }
  EXPECT_EQ(Run({}, {"yes"}).exit, 3);
  EXPECT_EQ(script().started, 0);
}

TEST_F(RunFlowTest, ThePhraseMayBeTyped) {
  MakePlan();
  EndsAs(v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Run({}, {kPhrase}).exit, 0);
  EXPECT_EQ(script().statements.back().statement.Get("phrase"), kPhrase);
}

TEST_F(RunFlowTest, ProgressGoesToStderrTheSummaryToStdout) {
  MakePlan();
  EndsAs(v1::RUN_STATE_SUCCEEDED);
  const Called called = Run({"--confirm", kPhrase});
  EXPECT_EQ(called.exit, 0) << called.err;
  EXPECT_NE(called.err.find(" clear succeeded rows=1240243\n"), std::string::npos) << called.err;
  EXPECT_EQ(called.out.rfind("SUCCEEDED", 0), 0u) << called.out;
  EXPECT_EQ(called.err.find("\x1b["), std::string::npos);
}

TEST_F(RunFlowTest, ATerminalSeesTheStepsRewrittenInPlace) {
  MakePlan();
  EndsAs(v1::RUN_STATE_SUCCEEDED);
  const Called called = Call(
      controller_, {"run", controller_.plan().id(), "--confirm", kPhrase, "--no-color"}, {}, true);
  EXPECT_EQ(called.exit, 0) << called.err;
  EXPECT_NE(called.err.find("A\r\x1b[2KRun r-19c04e77"), std::string::npos) << called.err;
  EXPECT_NE(called.err.find("✓ clear     1,240,243 rows"), std::string::npos) << called.err;
  EXPECT_EQ(called.err.find("clear succeeded"), std::string::npos);
  EXPECT_EQ(called.out.find('\x1b'), std::string::npos);
}

TEST_F(RunFlowTest, ScriptsGetJsonLinesAndNothingElse) {
  MakePlan();
  EndsAs(v1::RUN_STATE_ROLLED_BACK);
  const Called called = Run({"--confirm", kPhrase, "-o", "json"});
  EXPECT_EQ(called.exit, 5);
  EXPECT_EQ(called.err, "");
  const std::vector<std::string> lines = absl::StrSplit(called.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 4u) << called.out;
  for (const std::string& line : lines) EXPECT_EQ(line.front(), '{') << line;
  EXPECT_NE(lines.back().find("RUN_STATE_ROLLED_BACK"), std::string::npos);
}

TEST_F(RunFlowTest, EndStatesDecideTheExitCode) {
  for (const auto& [state, exit] :
       std::vector<std::pair<v1::RunState, int>>{{v1::RUN_STATE_REFUSED, 5},
                                                 {v1::RUN_STATE_CANCELLED, 8},
                                                 {v1::RUN_STATE_NEEDS_ATTENTION, 6}}) {
    MakePlan();
    EndsAs(state);
    EXPECT_EQ(Run({"--confirm", kPhrase}).exit, exit);
  }
}

TEST_F(RunFlowTest, DetachReturnsAtOnce) {
  MakePlan();
  const Called called = Run({"--confirm", kPhrase, "--detach"});
  EXPECT_EQ(called.exit, 0);
  EXPECT_NE(called.out.find("resetctl watch r-19c04e77"), std::string::npos) << called.out;
  EXPECT_EQ(script().watched, 0);
}

TEST_F(RunFlowTest, CtrlCWhileHeldCancelsAtOnce) {
  script().rules.hold = absl::Seconds(60);
  MakePlan();
  script().on_watch = [](v1::RunState) { kill(getpid(), SIGINT); };
  const Called called = Run({"--confirm", kPhrase});
  EXPECT_EQ(called.exit, 8) << called.err;
  EXPECT_EQ(script().cancelled, 1);
  EXPECT_NE(called.out.find("CANCELLED"), std::string::npos);
  EXPECT_NE(called.out.find("nothing was changed"), std::string::npos);
}

TEST_F(RunFlowTest, CtrlCDuringTheRunLeavesItRunning) {
  MakePlan();
  script().on_watch = [](v1::RunState) { kill(getpid(), SIGINT); };
  const Called called = Run({"--confirm", kPhrase});
  EXPECT_EQ(called.exit, 7) << called.err;
  EXPECT_EQ(script().cancelled, 0);
  EXPECT_NE(called.err.find("resetctl watch r-19c04e77"), std::string::npos) << called.err;
}

TEST_F(RunFlowTest, CtrlCWhileWatchingNeverCancels) {
  script().rules.hold = absl::Seconds(60);
  MakePlan();
  ASSERT_EQ(Run({"--confirm", kPhrase, "--detach"}).exit, 0);
  script().on_watch = [](v1::RunState) { kill(getpid(), SIGINT); };
  EXPECT_EQ(Call(controller_, {"watch", "r-19c04e77"}).exit, 7);
  EXPECT_EQ(script().cancelled, 0);
}

TEST_F(RunFlowTest, AWatchThatBreaksGoesOnWhereItWas) {
  MakePlan();
  EndsAs(v1::RUN_STATE_SUCCEEDED);
  script().drop_streams = 1;
  const Called called = Run({"--confirm", kPhrase});
  EXPECT_EQ(called.exit, 0) << called.err;
  EXPECT_EQ(script().watched, 2);
  const size_t first = called.err.find(" clear succeeded");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(called.err.find(" clear succeeded", first + 1), std::string::npos) << called.err;
  EXPECT_NE(called.err.find("connection lost, trying again"), std::string::npos);
}

TEST_F(RunFlowTest, ResetDoesItAllWhereNobodyElseIsNeeded) {
  script().rules.approvals = {};
  script().rules.confirm.clear();
  script().on_watch = [this](v1::RunState) {
    if (script().end.id().empty()) EndsAs(v1::RUN_STATE_SUCCEEDED);
  };
  const std::vector<std::string> reset = {"reset", controller_.home() + "/blueprint.yaml", "--env",
                                          "production"};
  EXPECT_EQ(Call(controller_, reset).exit, 2);  // no terminal, no --yes
  EXPECT_EQ(script().started, 0);
  std::vector<std::string> with_yes = reset;
  with_yes.push_back("--yes");
  const Called called = Call(controller_, with_yes);
  EXPECT_EQ(called.exit, 0) << called.err;
  EXPECT_EQ(script().started, 1);
}

TEST_F(RunFlowTest, ResetRefusesWhereOthersMustApprove) {
  const Called called = Call(controller_, {"reset", controller_.home() + "/blueprint.yaml", "--env",
                                           "production", "--yes", "-o", "json"});
  EXPECT_EQ(called.exit, 3);
  EXPECT_NE(called.out.find("APPROVALS_MISSING"), std::string::npos) << called.out;
  EXPECT_EQ(script().started, 0);
}

TEST_F(RunFlowTest, WhatStandsInTheWayIsSaidBeforeThePhrase) {
  script().approved = false;
  MakePlan();
  const Called called = Run({"-o", "json"}, {"wrong"});
  EXPECT_EQ(called.exit, 3);
  EXPECT_NE(called.out.find("APPROVALS_MISSING"), std::string::npos) << called.out;
}

}  // namespace
}  // namespace resetctl::client

// Stuck is impossible: `resetctl doctor` names each run about which something is to be done, and the way out of its state.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/output/times.h"
#include "gtest/gtest.h"
#include "tests/client/fake_controller.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

class DoctorTest : public ::testing::Test {
 protected:
  v1::Run RunThatIs(v1::RunState state, bool agent_online) {
    v1::Run run = ARun(APlan(ADocument()), state);
    run.set_agent_online(agent_online);
    run.mutable_problem()->set_reason(v1::REASON_AFTER_STEP_FAILED);
    run.mutable_problem()->set_message("what went wrong");
    return run;
  }
  // What the doctor says of a run, its lines joined; `exit` is what it ends with.
  std::string SaidOf(const v1::Run& run, int* exit) {
    controller_.script().runs = {run};
    return Said(exit);
  }
  std::string Said(int* exit) {
    const Called called = Call(controller_, {"doctor"});
    *exit = called.exit;
    EXPECT_EQ(called.err, "");
    return absl::StrReplaceAll(called.out, {{"\n               ", " "}});
  }

  FakeController controller_;
};

TEST_F(DoctorTest, NamesTheWayOutOfEveryStateInWhichSomethingIsToBeDone) {
  struct Row {
    v1::RunState state;
    const char* command;  // null: nothing is to be done
    const char* when_away;
    int exit;
    int exit_when_away;
  };
  const char* watch = "resetctl watch r-19c04e77";
  const Row rows[] = {
      {v1::RUN_STATE_HELD, nullptr, nullptr, 0, 0},
      {v1::RUN_STATE_OFFERED, nullptr, watch, 0, 9},
      {v1::RUN_STATE_RUNNING, nullptr, watch, 0, 9},
      {v1::RUN_STATE_UNKNOWN, watch, watch, 7, 9},
      {v1::RUN_STATE_COMMITTED, nullptr, watch, 0, 9},
      {v1::RUN_STATE_NEEDS_ATTENTION, "resetctl resume r-19c04e77", "resetctl resume r-19c04e77", 6,
       6},
      {v1::RUN_STATE_SUCCEEDED, nullptr, nullptr, 0, 0},
      {v1::RUN_STATE_REFUSED, nullptr, nullptr, 0, 0},
      {v1::RUN_STATE_ROLLED_BACK, nullptr, nullptr, 0, 0},
      {v1::RUN_STATE_CANCELLED, nullptr, nullptr, 0, 0},
  };
  int states = 0;
  for (int state = v1::RunState_MIN; state <= v1::RunState_MAX; ++state) {
    if (v1::RunState_IsValid(state) && state != v1::RUN_STATE_UNSPECIFIED) ++states;
  }
  ASSERT_EQ(static_cast<int>(std::size(rows)), states) << "a state has no row";
  for (const Row& row : rows) {
    for (const bool online : {true, false}) {
      SCOPED_TRACE(absl::StrCat(v1::RunState_Name(row.state), online ? "" : ", agent away"));
      int exit = -1;
      const std::string said = SaidOf(RunThatIs(row.state, online), &exit);
      const char* command = online ? row.command : row.when_away;
      EXPECT_EQ(exit, online ? row.exit : row.exit_when_away) << said;
      if (command == nullptr) {
        EXPECT_TRUE(absl::StrContains(said, "nothing is to be done about any")) << said;
        EXPECT_FALSE(absl::StrContains(said, "r-19c04e77")) << said;
      } else {
        EXPECT_TRUE(absl::StrContains(said, command)) << said;
        EXPECT_TRUE(absl::StrContains(said, "production / rental-manager")) << said;
      }
    }
  }
}

TEST_F(DoctorTest, SaysSinceWhenAnAgentIsAwayAndWhatToDo) {
  int exit = -1;
  const std::string said = SaidOf(RunThatIs(v1::RUN_STATE_RUNNING, false), &exit);
  EXPECT_TRUE(absl::StrContains(said, "last seen 2026-11-24 08:12 UTC")) << said;
  EXPECT_TRUE(absl::StrContains(said, "Start its reset-agent beside the database")) << said;
  v1::Target target;
  target.set_environment("production");
  target.set_name("rental-manager");
  *target.mutable_seen_time() = ToProto(ALook().now);
  controller_.script().targets = {target};
  controller_.script().runs.clear();
  const std::string offline = Said(&exit);
  EXPECT_EQ(exit, 9);
  EXPECT_TRUE(absl::StrContains(offline, "is offline, last seen 2026-11-24 08:12 UTC")) << offline;
}

TEST_F(DoctorTest, ALostCommitWantsARebind) {
  v1::Run run = RunThatIs(v1::RUN_STATE_NEEDS_ATTENTION, true);
  run.mutable_problem()->set_reason(v1::REASON_COMMIT_LOST);
  int exit = -1;
  const std::string said = SaidOf(run, &exit);
  EXPECT_TRUE(absl::StrContains(said, "resetctl target rebind rental-manager --env production"))
      << said;
  EXPECT_FALSE(absl::StrContains(said, "resetctl resume")) << said;
}

TEST_F(DoctorTest, BrokenGlassWantsAReview) {
  v1::Run run = RunThatIs(v1::RUN_STATE_SUCCEEDED, true);
  run.set_break_glass("nobody else was awake");
  int exit = -1;
  const std::string said = SaidOf(run, &exit);
  EXPECT_TRUE(absl::StrContains(said, "resetctl audit review r-19c04e77")) << said;
  EXPECT_EQ(exit, 3);
  run.set_state(v1::RUN_STATE_ROLLED_BACK);
  SaidOf(run, &exit);
  EXPECT_EQ(exit, 0) << "what changed nothing needs no review";
}

TEST_F(DoctorTest, WhatALaterRunHasMadeGoodIsNotToldOf) {
  const v1::Run old = RunThatIs(v1::RUN_STATE_NEEDS_ATTENTION, true);
  v1::Run later = RunThatIs(v1::RUN_STATE_SUCCEEDED, true);
  later.set_id("r-2222222222222222");
  *later.mutable_create_time() = ToProto(ALook().now);
  controller_.script().runs = {old, later};
  EXPECT_EQ(Call(controller_, {"doctor"}).exit, 0);
  later.set_target("another");
  controller_.script().runs = {old, later};
  EXPECT_EQ(Call(controller_, {"doctor"}).exit, 6);
}

}  // namespace
}  // namespace resetctl::client

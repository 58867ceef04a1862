// A disk is full, really: the controller's or the agent's, at each moment of a run. Nothing is there by halves, and it goes on without a
// restart when there is room (docs/guide/when-something-dies.md, "When something runs out").
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "proto/base/file.h"
#include "tests/e2e/failpoints.h"
#include "tests/e2e/gated_shop.h"
#include "tests/support/small_disk.h"

namespace resetctl::support {
namespace {

namespace fs = std::filesystem;

class FullDiskTest : public GatedShopTest {
 protected:
  FullDiskTest() { options_.failpoints = failpoints_.folder(); }
  void TearDown() override {
    disk_.reset();
    stack_.reset();  // before the failpoints go
  }

  // Moves a folder, which no program uses at the moment, to a small disk. False without the right to mount one.
  bool MoveToSmallDisk(const std::string& folder) {
    const std::string was = folder + ".was";
    fs::rename(folder, was);
    fs::create_directory(folder);
    disk_ = test::SmallDisk::MountAt(folder);
    fs::permissions(folder, fs::status(was).permissions());
    fs::copy(was, folder, fs::copy_options::recursive);
    return disk_ != nullptr;
  }
  // The agent of staging, with its state there.
  bool OpenWithASmallDiskForTheAgent(const Stack::Agent& agent = {}) {
    Open("staging", agent);
    stack_->AgentOf("staging").Stop();
    const bool moved = MoveToSmallDisk(StateOfTheAgent());
    stack_->StartAgent("staging");
    stack_->AwaitAgent("staging");
    agent_ = stack_->AgentOf("staging").pid();
    before_ = Contents("staging");
    return moved;
  }
  std::string StateOfTheAgent() const { return stack_->folder() + "/agent-staging/state"; }
  std::string JournalOf(const std::string& run) const {
    return StateOfTheAgent() + "/runs/" + run + ".journal";
  }
  // To the last byte, of the page that the run's journal has begun too: with acknowledgements of nothing, the shortest record that there is.
  void Fill(const std::string& run) {
    disk_->Fill();
    const std::string record("\x02\0\0\0\xfa\x5d\xa0\xb1\x40\0", 10);
    std::ofstream journal(JournalOf(run), std::ios::binary | std::ios::app);
    const uintmax_t page = 4096;
    for (uintmax_t room = page - 1 - (fs::file_size(JournalOf(run)) + page - 1) % page;
         room >= record.size(); room -= record.size()) {
      journal << record;
    }
  }
  bool Logged(const std::string& line) {
    return base::ReadFile(stack_->folder() + "/controller.log")->find(line) != std::string::npos;
  }
  std::string ProblemOf(const std::string& run) {
    return Stack::Field(As("alice", {"show", run, "-o", "json"}).out, "run.problem.reason");
  }
  void ExpectThatItRuns(const std::string& plan) {
    const Said said = As("alice", {"run", plan});
    EXPECT_EQ(said.exit_code, 0) << said.both();
    EXPECT_EQ(stack_->AgentOf("staging").pid(), agent_);
    EXPECT_TRUE(stack_->AgentOf("staging").Running()) << "it was restarted";
  }

  Failpoints failpoints_;
  std::unique_ptr<test::SmallDisk> disk_;
  pid_t agent_ = 0;
  std::string before_;
};

constexpr char kNoRight[] = "needs the right to mount a file system";

TEST_F(FullDiskTest, OfTheControllerARunThatEndsMeanwhileIsToldOfAfterwardsAndOnce) {
  Open("staging");
  stack_->controller().Stop();
  const bool moved = MoveToSmallDisk(stack_->folder() + "/controller/state");
  if (!moved) GTEST_SKIP() << kNoRight;
  stack_->StartController();
  stack_->AwaitAgent("staging");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  disk_->Fill();
  // What SQLite has begun may have some room.
  Await("the store to be full", [&] {
    return As("alice", {"freeze", "production", "--reason", "x"}).exit_code == 9 ||
           As("alice", {"unfreeze", "production"}).exit_code == 9;
  });
  EXPECT_TRUE(Logged("the store cannot be written"));
  OpenGate(gate);
  Await("the cache to be flushed", [&] {
    return Redis("staging").Call({"EXISTS", "session:0"}) == "0";
  });
  EXPECT_EQ(StateOf(run), "RUN_STATE_RUNNING") << "what is not written down is not true";
  disk_->MakeRoom();
  AwaitState(run, "RUN_STATE_SUCCEEDED");
  ExpectEventsOnceEach(As("alice", {"show", run, "-o", "json"}).out);
  EXPECT_EQ(EndOf(*client), 0);
  EXPECT_TRUE(Logged("the store can be written again"));
}

TEST_F(FullDiskTest, OfTheAgentBeforeARunNothingIsTouched) {
  if (!OpenWithASmallDiskForTheAgent()) GTEST_SKIP() << kNoRight;
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  disk_->Fill();
  const Said planned = As("alice", {"plan", Blueprint(), "--env", "staging", "-o", "json"});
  EXPECT_EQ(planned.exit_code, 5) << planned.both();
  EXPECT_NE(planned.both().find("JOURNAL_UNAVAILABLE"), std::string::npos) << planned.both();
  EXPECT_EQ(As("alice", {"run", plan}).exit_code, 5);
  const std::string run = OnlyRun();
  EXPECT_EQ(StateOf(run), "RUN_STATE_REFUSED");
  EXPECT_EQ(ProblemOf(run), "REASON_JOURNAL_UNAVAILABLE");
  EXPECT_EQ(Contents("staging"), before_);
  disk_->MakeRoom();
  ExpectThatItRuns(plan);
}

TEST_F(FullDiskTest, OfTheAgentBetweenClaimAndCommitEverythingIsRolledBackAndUndone) {
  Stack::Agent agent;
  const std::string mark = stack_->folder() + "/closed";
  agent.commands = {"[/usr/bin/touch, '" + mark + "']", "[/usr/bin/rm, '" + mark + "']"};
  if (!OpenWithASmallDiskForTheAgent(agent)) GTEST_SKIP() << kNoRight;
  const std::string plan = stack_->Plan(
      "alice",
      Blueprint({{"recreate:", "before:\n  - {name: Close, do: {command: " + agent.commands[0] +
                                   "}, undo: {command: " + agent.commands[1] + "}}\nrecreate:"}}),
      "staging");
  failpoints_.Arm("agent.ledger.written");
  std::unique_ptr<Daemon> client = StartRun(plan);
  failpoints_.AwaitAt("agent.ledger.written");
  const std::string run = OnlyRun();
  EXPECT_TRUE(fs::exists(mark));
  Fill(run);
  failpoints_.Go("agent.ledger.written");
  AwaitState(run, "RUN_STATE_ROLLED_BACK");
  EXPECT_EQ(EndOf(*client), 5);
  EXPECT_EQ(ProblemOf(run), "REASON_JOURNAL_UNAVAILABLE");
  EXPECT_EQ(Contents("staging"), before_);
  EXPECT_FALSE(fs::exists(mark)) << "the undo waits for room";
  disk_->MakeRoom();
  ExpectThatItRuns(plan);
}

TEST_F(FullDiskTest, OfTheAgentAfterTheCommitTheRunEndsAndIsJournaledWhenThereIsRoom) {
  if (!OpenWithASmallDiskForTheAgent()) GTEST_SKIP() << kNoRight;
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  failpoints_.Arm("agent.commit.answered");
  std::unique_ptr<Daemon> client = StartRun(plan);
  failpoints_.AwaitAt("agent.commit.answered");
  const std::string run = OnlyRun();
  Fill(run);
  failpoints_.Go("agent.commit.answered");
  AwaitState(run, "RUN_STATE_SUCCEEDED");
  EXPECT_EQ(EndOf(*client), 0);
  EXPECT_EQ(Redis("staging").Call({"EXISTS", "session:0"}), "0");
  EXPECT_TRUE(fs::exists(JournalOf(run))) << "it was closed without room for its end";
  disk_->MakeRoom();
  Await("the journal to be completed", [&] { return !fs::exists(JournalOf(run)); });
  ExpectThatItRuns(stack_->Plan("alice", Blueprint(), "staging"));
}

}  // namespace
}  // namespace resetctl::support

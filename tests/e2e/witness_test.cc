// Agents as witnesses, with the three programs: a log that is replaced by an older copy, and one that is written anew with its own
// key, are found by whoever saw the true one.
#include <fstream>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/base/file.h"
#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

class WitnessTest : public ShopTest {
 protected:
  std::string Store() const { return stack_->folder() + "/controller/state/controller.db"; }
  std::string Copy() {
    stack_->controller().Stop();
    std::string bytes = *base::ReadFile(Store());
    stack_->StartController();
    return bytes;
  }
  // As somebody would who has the controller's machine: store, key and all.
  void Replace(const std::string& copy) {
    stack_->controller().Stop();
    std::ofstream(Store(), std::ios::binary) << copy;
    for (const char* suffix : {"-wal", "-shm"}) std::remove((Store() + suffix).c_str());
    stack_->StartController();
  }
  // Entries by `person`, two a time.
  void Grow(const std::string& person, int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(As(person, {"freeze", "staging", "--reason", "so that the log grows"}).exit_code,
                0);
      ASSERT_EQ(As(person, {"unfreeze", "staging"}).exit_code, 0);
    }
  }
  // As the agent's own machine says it.
  std::string Witness() {
    const Said said = stack_->RunAgent("staging", {"witness", "show"});
    EXPECT_EQ(said.exit_code, 0) << said.both();
    return said.out;
  }
  // 'resetctl.controller/main, 12 entries, root ...' of a line of it.
  std::vector<std::string> Shown() {
    for (const auto line : absl::StrSplit(Witness(), '\n')) {
      if (line.find("# shown") == 0) {
        return absl::StrSplit(line.substr(line.find("resetctl.")), absl::ByAnyChar(", "),
                              absl::SkipEmpty());
      }
    }
    ADD_FAILURE() << "nothing is shown";
    return {"", "0"};
  }
  void AwaitInWitness(const std::string& text) {
    Await(text, [&] { return Witness().find(text) != std::string::npos; });
  }
  // So that the agent has seen everything that is in the log.
  void AttachAnew() {
    stack_->AgentOf("staging").Stop();
    Await("detached", [&] { return !stack_->IsOnline("staging"); });
    stack_->StartAgent("staging");
    stack_->AwaitAgent("staging");
  }
  void ExpectAlarmEverywhere(const std::string& reason) {
    AwaitInWitness("# ALARM     " + reason);
    Await("the alarm at the controller", [&] {
      return As("carol", {"target", "show", "staging/shop"}).out.find(reason) != std::string::npos;
    });
    EXPECT_NE(As("carol", {"env", "show", "staging"}).out.find(reason), std::string::npos);
    EXPECT_NE(As("carol", {"agent", "list"}).out.find("LOG ALARM"), std::string::npos);
    const Said doctor = As("carol", {"doctor", "-o", "json"});
    EXPECT_EQ(doctor.exit_code, 3) << doctor.both();
    EXPECT_NE(doctor.out.find("witness accept"), std::string::npos) << doctor.both();
    const Said check = stack_->RunAgent("staging", {"check"});
    EXPECT_NE(check.both().find("[" + reason + "]"), std::string::npos) << check.both();
    const std::string before = Contents("staging");
    const Said plan = As("carol", {"plan", Blueprint(), "--env", "staging", "-o", "json"});
    EXPECT_EQ(plan.exit_code, 3) << plan.both();
    EXPECT_NE(plan.out.find(reason), std::string::npos) << plan.both();
    EXPECT_EQ(Contents("staging"), before);
  }
  // By its operator, who names what is shown; the agent serves meanwhile.
  void Accept() {
    const Said wrong = stack_->RunAgent(
        "staging", {"witness", "accept", "--origin", "resetctl.controller/main", "--size", "1"});
    EXPECT_EQ(wrong.exit_code, 2) << wrong.both();
    const std::vector<std::string> shown = Shown();
    const Said said = stack_->RunAgent(
        "staging", {"witness", "accept", "--origin", shown[0], "--size", shown[1]});
    ASSERT_EQ(said.exit_code, 0) << said.both();
    AwaitInWitness("# accepted");
    Await("the alarm's end", [&] {
      return As("carol", {"target", "show", "staging/shop"}).out.find("Log alarm") ==
             std::string::npos;
    });
    stack_->AwaitAgent("staging");
    const Said again = stack_->RunAgent(
        "staging", {"witness", "accept", "--origin", shown[0], "--size", shown[1]});
    EXPECT_EQ(again.exit_code, 3) << again.both();
    const std::string plan = stack_->Plan("carol", Blueprint(), "staging");
    EXPECT_EQ(As("carol", {"run", plan}).exit_code, 0);
    // bob's machine has remembered no log before.
    const Said entries = As("bob", {"audit", "list", "-o", "json"});
    EXPECT_NE(entries.out.find("\"witness.accept\""), std::string::npos) << entries.both();
    EXPECT_NE(entries.out.find("\"agent:staging/shop\""), std::string::npos) << entries.both();
  }
};

TEST_F(WitnessTest, AnOlderCopyOfTheLogIsFoundAndAcceptedOnlyByTheAgentsOperator) {
  Open("staging");
  const std::string copy = Copy();
  stack_->AwaitAgent("staging");
  Grow("alice", 15);
  AttachAnew();
  Replace(copy);
  ExpectAlarmEverywhere("LOG_ROLLED_BACK");
  Accept();
}

// Whoever has the log's key can sign whatever they like; not what somebody else has seen.
TEST_F(WitnessTest, AHistoryThatIsWrittenAnewWithTheLogsOwnKeyIsFound) {
  Open("staging");
  const std::string copy = Copy();
  stack_->AwaitAgent("staging");
  Grow("alice", 3);
  AttachAnew();
  stack_->AgentOf("staging").Stop();
  Replace(copy);
  Grow("bob", 12);  // longer than what the agent has seen
  stack_->StartAgent("staging");
  ExpectAlarmEverywhere("LOG_FORKED");

  // The alarm is the agent's: a new process has it too.
  stack_->AgentOf("staging").Stop();
  stack_->StartAgent("staging");
  stack_->AwaitAgent("staging");
  ExpectAlarmEverywhere("LOG_FORKED");

  Accept();
}

// A fresh state directory beside a target that remembers.
TEST_F(WitnessTest, TheTargetRemembersForAnAgentThatHasLostItsMemory) {
  Open("staging");
  const std::string copy = Copy();
  stack_->AwaitAgent("staging");
  Grow("alice", 15);
  const std::string plan = stack_->Plan("carol", Blueprint(), "staging");
  ASSERT_EQ(As("carol", {"run", plan}).exit_code, 0);
  stack_->AgentOf("staging").Stop();
  ASSERT_EQ(std::remove((stack_->folder() + "/agent-staging/state/witness").c_str()), 0);
  Replace(copy);
  stack_->StartAgent("staging");
  ExpectAlarmEverywhere("LOG_ROLLED_BACK");
}

TEST_F(WitnessTest, WhatTheWitnessesSawIsProvedOnlineAndFromAnExport) {
  Open("staging");
  const std::string plan = stack_->Plan("carol", Blueprint(), "staging");
  ASSERT_EQ(As("carol", {"run", plan}).exit_code, 0);
  const std::string witnesses = stack_->folder() + "/witnesses";
  std::ofstream(witnesses) << Witness();
  const std::string log_key = stack_->folder() + "/controller/log.pub";
  const auto verify = [&] {
    return As("alice", {"audit", "verify", "--log-key", log_key, "--witnesses", witnesses});
  };
  // The run's end is in the log before the agent has seen it.
  Await("a cosignature", [&] { return verify().exit_code == 0; });
  EXPECT_NE(verify().out.find("resetctl.agent/staging/shop"), std::string::npos) << verify().both();
  const std::string file = stack_->folder() + "/audit.jsonl";
  ASSERT_EQ(As("alice", {"audit", "export", "--file", file}).exit_code, 0);
  stack_->controller().Stop();
  const Said said = As("bob", {"audit", "verify", "--file", file, "--log-key", log_key,
                               "--witnesses", witnesses, "-o", "json"});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_NE(said.out.find("\"tree\",\"witnesses\",\"agents\"]"), std::string::npos) << said.both();
}

}  // namespace
}  // namespace resetctl::support

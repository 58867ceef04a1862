// What admins change by signed statements, as people do it.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

class AdminVerbsTest : public ShopTest {
 protected:
  static std::string ReadAll(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  std::string PolicyFile() const { return stack_->folder() + "/controller/policy.yaml"; }
  // The policy in force with `from` replaced, in a file of its own.
  std::string Changed(const std::string& from, const std::string& to) {
    std::string yaml = ReadAll(PolicyFile());
    const size_t at = yaml.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    yaml.replace(at, from.size(), to);
    std::string path = stack_->folder() + "/changed.yaml";
    std::ofstream(path, std::ios::binary) << yaml;
    return path;
  }
};

TEST_F(AdminVerbsTest, AFreezeStopsStartsUntilItIsLifted) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  EXPECT_EQ(As("dana", {"freeze", "staging", "--reason", "no"}).exit_code, 3);
  const Said frozen = As("bob", {"freeze", "staging", "--until", "4h", "--reason", "year end"});
  EXPECT_EQ(frozen.exit_code, 0) << frozen.both();
  const Said refused = As("alice", {"run", plan});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.both().find("year end"), std::string::npos) << refused.both();
  EXPECT_NE(As("alice", {"env", "show", "staging"}).out.find("year end"), std::string::npos);
  EXPECT_EQ(As("bob", {"unfreeze", "staging"}).exit_code, 0);
  EXPECT_EQ(As("bob", {"unfreeze", "staging"}).exit_code, 3);  // it is not frozen
  EXPECT_EQ(As("alice", {"run", plan}).exit_code, 0);
  EXPECT_EQ(As("bob", {"freeze", "staging", "--until", "yesterday", "--reason", "x"}).exit_code, 2);
}

TEST_F(AdminVerbsTest, APolicyIsAppliedSignedAndOutlivesTheController) {
  Open("staging");
  const Said applied =
      As("alice",
         {"policy", "apply",
          Changed("approvals: {required: 0}", "approvals: {required: 1, groups: [dba]}"), "--yes"});
  ASSERT_EQ(applied.exit_code, 0) << applied.both();
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  EXPECT_EQ(As("alice", {"run", plan}).exit_code, 3);
  const Said explained = As("alice", {"policy", "check", "--explain", plan});
  EXPECT_NE(explained.out.find("1 more approval"), std::string::npos) << explained.both();
  stack_->controller().Stop();
  stack_->StartController();
  EXPECT_NE(As("alice", {"policy", "show"}).out.find("required: 1, groups: [dba]"),
            std::string::npos);
  EXPECT_EQ(As("dana", {"policy", "apply", PolicyFile(), "--yes"}).exit_code, 3);
}

TEST_F(AdminVerbsTest, APolicyWithAProblemChangesNothingAndIsExplainedOffline) {
  const std::string before = ReadAll(PolicyFile());
  const std::string bad = Changed("run: [dba]", "run: [dbas]");
  for (const char* verb : {"check", "apply"}) {
    const Said said = As("alice", {"policy", verb, bad});
    EXPECT_EQ(said.exit_code, 2) << said.both();
    EXPECT_NE(said.both().find("nobody is in the group 'dbas'"), std::string::npos) << said.both();
  }
  EXPECT_EQ(ReadAll(PolicyFile()), before);
  stack_->controller().Stop();  // offline
  const Said good = As("alice", {"policy", "check", PolicyFile()});
  EXPECT_EQ(good.exit_code, 0) << good.both();
  EXPECT_NE(good.out.find("Approve"), std::string::npos) << good.out;
}

TEST_F(AdminVerbsTest, ASessionIsEndedByItsOwnerOrAnAdmin) {
  ASSERT_EQ(As("dana", {"whoami"}).exit_code, 0);
  ASSERT_EQ(As("alice", {"whoami"}).exit_code, 0);
  std::string danas;
  const std::string all = As("alice", {"session", "list", "-o", "json"}).out;
  for (int i = 0; i < 4 && danas.empty(); ++i) {
    const std::string at = "sessions." + std::to_string(i) + ".";
    if (Stack::Field(all, at + "person") == "dana") danas = Stack::Field(all, at + "id");
  }
  ASSERT_NE(danas, "") << all;
  EXPECT_EQ(As("dana", {"session", "list", "-o", "json"}).out.find("\"person\":\"alice\""),
            std::string::npos);
  const Said ended = As("alice", {"session", "revoke", danas});
  EXPECT_EQ(ended.exit_code, 0) << ended.both();
  EXPECT_NE(ended.out.find("dana"), std::string::npos);
  EXPECT_EQ(As("alice", {"session", "revoke", danas}).exit_code, 2);
}

}  // namespace
}  // namespace resetctl::support

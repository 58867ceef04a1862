// The log of a real run: exported, verified offline by us and by somebody else, tampered with.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/base/file.h"
#include "proto/base/subprocess.h"
#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

class AuditTest : public ShopTest {
 protected:
  // A run in production, with two approvals; the whole log as a file.
  std::string Exported() {
    Open("production");
    const std::string plan = ApprovedPlan(Blueprint());
    EXPECT_EQ(As("carol", {"run", plan, "--confirm", kPhrase}).exit_code, 0);
    EXPECT_EQ(As("mallory", {"approve", plan, "--yes"}).exit_code, 3);
    std::string file = stack_->folder() + "/audit.jsonl";
    const Said said = As("alice", {"audit", "export", "--file", file});
    EXPECT_EQ(said.exit_code, 0) << said.both();
    return file;
  }
  // As the agents' file has it.
  std::string Signers() {
    std::string text;
    for (const char* person : {"alice", "bob", "carol", "dana", "nightly"}) {
      absl::StrAppend(&text, person,
                      " namespaces=\"resetctl-login-v1,resetctl-plan-v1,resetctl-approval-v1,"
                      "resetctl-run-v1,resetctl-resume-v1,resetctl-admin-v1\" ",
                      *base::ReadFile(stack_->Key(person) + ".pub"));
    }
    std::string path = stack_->folder() + "/signers";
    std::ofstream(path) << text;
    return path;
  }
  // A reader that shares no code with ours, where there is a Python.
  static void ExpectSomebodyElseVerifies(const std::vector<std::string>& files) {
    base::SubprocessOptions python;
    python.argv = {"python3", RESETCTL_AUDIT_CHECK};
    python.argv.insert(python.argv.end(), files.begin(), files.end());
    python.timeout = absl::Minutes(1);
    const auto checked = base::RunSubprocess(python);
    if (checked.ok() && checked->exit_code != 127) {
      EXPECT_EQ(checked->exit_code, 0) << checked->standard_error;
    }
  }
  std::string LogKey() const { return stack_->folder() + "/controller/log.pub"; }
  // Without a context and without a controller.
  Said VerifyFile(const std::string& file, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"audit", "verify", "--file", file, "--log-key", LogKey()});
    return As("bob", more);
  }
};

TEST_F(AuditTest, TheLogOfARunIsVerifiedOfflineWithEverySignature) {
  const std::string file = Exported();
  Said said = As("alice", {"audit", "verify", "--log-key", LogKey()});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  stack_->controller().Stop();
  said = VerifyFile(file, {"--allowed-signers", Signers()});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_NE(said.out.find("signed by alice"), std::string::npos) << said.out;
  ExpectSomebodyElseVerifies({file});
}

TEST_F(AuditTest, ARealLogThatIsTamperedWithIsFound) {
  const std::string file = Exported();
  const std::string whole = *base::ReadFile(file);
  std::vector<size_t> lines = {0};
  for (size_t at = whole.find('\n'); at + 1 < whole.size(); at = whole.find('\n', at + 1)) {
    lines.push_back(at + 1);
  }
  ASSERT_GT(lines.size(), 8u);
  const auto line = [&](size_t i) { return whole.substr(lines[i], lines[i + 1] - lines[i]); };
  std::string changed = whole;
  changed[lines[4] + 40] = changed[lines[4] + 40] == 'A' ? 'B' : 'A';
  const std::vector<std::pair<const char*, std::string>> copies = {
      {"a byte changed", changed},
      {"an entry removed", whole.substr(0, lines[4]) + whole.substr(lines[5])},
      {"two swapped", whole.substr(0, lines[4]) + line(5) + line(4) + whole.substr(lines[6])},
      {"the tail cut", whole.substr(0, lines[lines.size() - 2])},
      {"in the middle of a line", whole.substr(0, whole.size() - 20)},
  };
  for (const auto& [what, text] : copies) {
    const std::string copy = stack_->folder() + "/copy.jsonl";
    std::ofstream(copy) << text;
    const Said said = VerifyFile(copy);
    EXPECT_EQ(said.exit_code, 3) << what << ": " << said.both();
  }
  // A key that signed none of it.
  std::ofstream(stack_->folder() + "/signers") << "alice namespaces=\"resetctl-approval-v1\" "
                                               << *base::ReadFile(stack_->Key("bob") + ".pub");
  const Said said = VerifyFile(file, {"--allowed-signers", stack_->folder() + "/signers"});
  EXPECT_EQ(said.exit_code, 3) << said.both();
}

TEST_F(AuditTest, TailGoesOnWhenTheControllerIsRestarted) {
  Open("staging");
  const std::string log = stack_->folder() + "/tail.log";
  const auto shown = [&log](const std::string& what) {
    const auto text = base::ReadFile(log);
    int times = 0;
    for (size_t at = text.ok() ? text->find(what) : std::string::npos; at != std::string::npos;
         at = text->find(what, at + 1)) {
      ++times;
    }
    return times;
  };
  const auto await = [&](const std::string& what) { Await(what, [&] { return shown(what) > 0; }); };
  auto tail = stack_->InBackground("alice", {"audit", "tail", "-o", "json"}, log);
  await("\"index\"");
  stack_->controller().Stop();
  await("; waiting for it.");
  stack_->StartController();
  await("The controller is back.");
  EXPECT_EQ(As("alice", {"freeze", "staging", "--reason", "year end"}).exit_code, 0);
  await("year end");
  EXPECT_EQ(tail->Stop(), 0);
  EXPECT_EQ(shown("; waiting for it."), 1);
  EXPECT_EQ(shown("The controller is back."), 1);
  std::set<std::string> lines;
  for (const absl::string_view line :
       absl::StrSplit(*base::ReadFile(log), '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(lines.insert(std::string(line)).second) << line;
  }
}

// The controller moves what is older than a second, which here is nearly all.
TEST_F(AuditTest, OldEntriesMoveToFilesAndTheWholeIsVerified) {
  Open("staging");
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(
        As("alice", {"freeze", "staging", "--reason", absl::StrCat("year end ", i)}).exit_code, 0);
    ASSERT_EQ(As("alice", {"unfreeze", "staging"}).exit_code, 0);
  }
  EXPECT_EQ(As("alice", {"audit", "list"}).exit_code, 0);
  const std::string config = stack_->folder() + "/controller/controller.yaml";
  const std::string before = *base::ReadFile(config);
  std::string retaining = before;
  retaining.insert(before.find("audit:\n") + 7, "  retain: 1s\n");
  const auto restart_with = [&](const std::string& yaml) {
    stack_->controller().Stop();
    std::ofstream(config) << yaml;
    stack_->StartController();
  };
  restart_with(retaining);
  const auto archive = [&] {
    std::vector<std::string> files;
    const std::string folder = stack_->folder() + "/controller/state/archive";
    if (!std::filesystem::exists(folder)) return files;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() == ".jsonl") files.push_back(file.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  };
  Await("an archive", [&] { return !archive().empty(); });
  restart_with(before);  // nothing more moves

  // Whoever saw the log before sees that it only grew; entries that are left are proved.
  Said said = As("alice", {"audit", "list", "-o", "json"});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_NE(said.out.find("\"archived\""), std::string::npos) << said.out;
  const std::string rest = stack_->folder() + "/rest.jsonl";
  said = As("alice", {"audit", "export", "--file", rest});
  EXPECT_EQ(said.exit_code, 2) << said.both();
  std::vector<std::string> with = {"audit", "export", "--file", rest, "--archive"};
  const std::vector<std::string> files = archive();
  with.insert(with.end(), files.begin(), files.end());
  said = As("alice", with);
  EXPECT_EQ(said.exit_code, 0) << said.both();

  stack_->controller().Stop();
  std::vector<std::string> verify = {
      "audit", "verify", "--log-key", LogKey(), "--allowed-signers", Signers(), "--file"};
  verify.insert(verify.end(), files.begin(), files.end());
  said = As("bob", verify);
  EXPECT_EQ(said.exit_code, 0) << said.both();
  verify.push_back(rest);
  said = As("bob", verify);
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_NE(said.out.find("signed by alice"), std::string::npos) << said.out;
  EXPECT_EQ(VerifyFile(rest).exit_code, 3);
  std::vector<std::string> all = files;
  all.push_back(rest);
  ExpectSomebodyElseVerifies(all);
  // What the log says of each file is true.
  EXPECT_NE(
      base::ReadFile(rest)->find("\"action\":\"audit.archive\",\"subject\":\"audit-000000000000-"),
      std::string::npos);
}

TEST_F(AuditTest, AControllerThatWasRestoredFromABackupIsFound) {
  Open("staging");
  const std::string database = stack_->folder() + "/controller/state/controller.db";
  EXPECT_EQ(As("alice", {"audit", "list"}).exit_code, 0);
  stack_->controller().Stop();
  const std::string backup = *base::ReadFile(database);
  stack_->StartController();
  // By more than what comes to the copy by itself: the agent's attach.
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(As("alice", {"freeze", "staging", "--reason", "so that the log grows"}).exit_code, 0);
    EXPECT_EQ(As("alice", {"unfreeze", "staging"}).exit_code, 0);
  }
  EXPECT_EQ(As("alice", {"audit", "list"}).exit_code, 0);
  stack_->controller().Stop();
  std::ofstream(database, std::ios::binary) << backup;
  for (const char* suffix : {"-wal", "-shm"}) std::remove((database + suffix).c_str());
  stack_->StartController();
  const Said said = As("alice", {"audit", "list", "-o", "json"});
  EXPECT_EQ(said.exit_code, 3) << said.both();
  EXPECT_NE(said.out.find("LOG_ROLLED_BACK"), std::string::npos) << said.both();
}

}  // namespace
}  // namespace resetctl::support

// The log of a real run: exported, verified offline by us and by somebody else, tampered with.
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

  base::SubprocessOptions python;
  python.argv = {"python3", RESETCTL_AUDIT_CHECK, file};
  python.timeout = absl::Minutes(1);
  const auto checked = base::RunSubprocess(python);
  if (checked.ok() && checked->exit_code != 127) {
    EXPECT_EQ(checked->exit_code, 0) << checked->standard_error;
  }
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

TEST_F(AuditTest, AControllerThatWasRestoredFromABackupIsFound) {
  Open("staging");
  const std::string database = stack_->folder() + "/controller/state/controller.db";
  EXPECT_EQ(As("alice", {"audit", "list"}).exit_code, 0);
  stack_->controller().Stop();
  const std::string backup = *base::ReadFile(database);
  stack_->StartController();
  EXPECT_EQ(As("alice", {"freeze", "staging", "--reason", "so that the log grows"}).exit_code, 0);
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

// The report of a real run: what it says is what the database and the log say.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "controller/domain/audit_fields.h"
#include "proto/base/file.h"
#include "resetctl/v1/audit.pb.h"
#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RealReportTest : public ShopTest {
 protected:
  // The facts of the only run.
  std::string Facts() {
    run_ = OnlyRun();
    const Said said = As("alice", {"report", run_, "-o", "json"});
    EXPECT_EQ(said.exit_code, 0) << said.both();
    return said.out;
  }
  std::string Page() {
    const std::string file = stack_->folder() + "/run.html";
    const Said said = As("alice", {"report", run_, "-o", file});
    EXPECT_EQ(said.exit_code, 0) << said.both();
    struct stat info = {};
    EXPECT_EQ(stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    EXPECT_EQ(As("alice", {"report", run_, "-o", file}).exit_code, 2) << "replaced unasked";
    return *base::ReadFile(file);
  }
  // Every entry of the log.
  std::vector<v1::AuditEntry> Entries() {
    const std::string file = stack_->folder() + "/audit.jsonl";
    EXPECT_EQ(As("alice", {"audit", "export", "--file", file}).exit_code, 0);
    std::vector<v1::AuditEntry> entries;
    const std::string text = *base::ReadFile(file);
    for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      const std::string leaf = Stack::Field(std::string(line.data(), line.size()), "leaf");
      std::string bytes;
      if (leaf.empty()) continue;
      EXPECT_TRUE(absl::Base64Unescape(leaf, &bytes));
      EXPECT_TRUE(entries.emplace_back().ParseFromString(bytes));
    }
    return entries;
  }

  std::string run_;
};

TEST_F(RealReportTest, SaysWhatTheDatabaseAndTheLogSay) {
  Open("production");
  Database("production")
      .Execute(R"(create table "<script>alert(1)</script>" as select generate_series(1, 3) as id)");
  const std::string plan = ApprovedPlan(
      Blueprint({{"tables: [items]", "tables: [items, '\"<script>alert(1)</script>\"']"}}));
  const Said said = As("carol", {"run", plan, "--confirm", kPhrase});
  ASSERT_EQ(said.exit_code, 0) << said.both();
  const std::string facts = Facts();
  EXPECT_THAT(said.out, HasSubstr(absl::StrCat("resetctl report ", run_.substr(0, 10))));

  // 50 users, 10 companies, 1000 items and 3 more; an administrator and a company are back.
  const std::string xid =
      Database("production").Scalar("select xid from resetctl.ledger where run = '" + run_ + "'");
  v1::AuditEntry end;
  for (const v1::AuditEntry& entry : Entries()) {
    EXPECT_THAT(controller::UnclassifiedKeys(entry), IsEmpty()) << entry.action();
    if (entry.action() == "run.end") end = entry;
  }
  auto& evidence = *end.mutable_evidence();
  EXPECT_EQ(evidence["xid"], xid);
  EXPECT_EQ(evidence["rows_cleared"], "1063");
  EXPECT_EQ(evidence["cleared:public.items"], "1000");
  EXPECT_EQ(evidence["cleared:public.<script>alert(1)</script>"], "3");
  EXPECT_EQ(evidence["recreated:public.users"], "1");
  EXPECT_EQ(evidence["rows_recreated"], "2");
  EXPECT_EQ(evidence["checks"], "1 of 1");
  EXPECT_EQ(evidence["kept_tables"], "untouched");
  EXPECT_EQ(evidence["cache_keys"], "20");
  EXPECT_EQ(
      Database("production")
          .Scalar(absl::StrCat("select '", evidence["wal_before"], "'::pg_lsn < '",
                               evidence["wal_after"], "'::pg_lsn and '", evidence["wal_after"],
                               "'::pg_lsn <= pg_current_wal_insert_lsn()")),
      "t");

  EXPECT_EQ(Stack::Field(facts, "run.result.xid"), xid);
  EXPECT_EQ(Stack::Field(facts, "proof.index"), Stack::Field(facts, "run.auditEntry"));
  const std::string page = Page();
  for (const char* text :
       {"carol</strong> planned it", "alice</strong> approved the plan",
        "dana</strong> approved the plan", "carol</strong> ordered the run", "signed with ssh-",
        "1,063", ": kept tables are untouched", "the log goes on from the",
        "records the end of this run", "&lt;script&gt;alert(1)&lt;/script&gt;"}) {
    EXPECT_TRUE(absl::StrContains(page, text)) << text;
  }
  EXPECT_TRUE(absl::StrContains(page, absl::StrCat("<code>", xid, "</code>")));
  for (const char* no : {"<script", "http://", "https://", kAdminPassword}) {
    EXPECT_FALSE(absl::StrContains(page, no)) << no;
  }
  EXPECT_NE(As("mallory", {"report", run_, "-o", "-"}).exit_code, 0);
}

TEST_F(RealReportTest, ARunThatWasRolledBackHasChangedNothing) {
  Open("staging");
  const std::string plan = stack_->Plan(
      "alice", Blueprint({}, {{"sql/admin.sql", "insert into nowhere values (1);\n"}}), "staging");
  ASSERT_EQ(As("alice", {"run", plan}).exit_code, 5);
  EXPECT_EQ(Stack::Field(Facts(), "run.state"), "RUN_STATE_ROLLED_BACK");
  const std::string page = Page();
  for (const char* text : {"rolled back: nothing was changed", "nowhere", "sql/admin.sql:1"}) {
    EXPECT_TRUE(absl::StrContains(page, text)) << text;
  }
  EXPECT_FALSE(absl::StrContains(page, "Rows cleared"));
}

}  // namespace
}  // namespace resetctl::support

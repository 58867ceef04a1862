// How the original script behaved, row by row, and that ours does not. Rows that one part alone answers are tested there:
// ctest -L never-again lists them all.
#include <regex>

#include <gtest/gtest.h>

#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

class NeverAgainTest : public ShopTest {};

TEST_F(NeverAgainTest, AnUnknownTableNameIsAnErrorAndNeverReadAsEmpty) {
  Open("staging");
  const std::string before = Contents("staging");
  const Said said = As("alice", {"reset", Blueprint({{"tables: [items]", "tables: [itemz]"}}),
                                 "--env", "staging", "--yes"});
  EXPECT_EQ(said.exit_code, 5) << said.both();
  EXPECT_EQ(said.both().find("already empty"), std::string::npos);
  EXPECT_EQ(Contents("staging"), before);
  EXPECT_EQ(Redis("staging").Call({"DBSIZE"}), "20");
}

TEST_F(NeverAgainTest, AClosedDatabasePortIsUnreachableAndTheCacheStays) {
  Stack::Agent agent;
  agent.database_url = "postgresql://shop:hunter2@127.0.0.1:1/shop";
  Open("staging", agent);
  const Said said = As("alice", {"reset", Blueprint(), "--env", "staging", "--yes"});
  EXPECT_TRUE(said.exit_code == 9 || said.exit_code == 5) << said.both();
  EXPECT_EQ(Redis("staging").Call({"DBSIZE"}), "20");
}

TEST_F(NeverAgainTest, TablesThatNobodyListedAreNeverWipedThroughCascade) {
  Open("staging");
  Database("staging").Execute(
      "create table security_log (id int, item int references items (id)); insert into "
      "security_log values (1, 1)");
  EXPECT_EQ(As("alice", {"plan", Blueprint(), "--env", "staging"}).exit_code, 5);
  const Said kept = As(
      "alice",
      {"plan", Blueprint({{"keep: [notes]", "keep: [notes, security_log]"}}), "--env", "staging"});
  EXPECT_EQ(kept.exit_code, 5) << kept.both();
  EXPECT_NE(kept.both().find("KEPT_REFERENCES_CLEARED"), std::string::npos) << kept.both();
  EXPECT_EQ(Database("staging").Scalar("select count(*) from security_log"), "1");
}

TEST_F(NeverAgainTest, ATableOfPersonalDataThatNobodyListedStopsThePlan) {
  Open("staging");
  Database("staging").Execute(
      "create table contact_persons (id int, email text); insert into contact_persons values (1, "
      "'eve@example.com')");
  const Said said = As("alice", {"plan", Blueprint(), "--env", "staging"});
  EXPECT_EQ(said.exit_code, 5) << said.both();
  EXPECT_NE(said.both().find("contact_persons"), std::string::npos) << said.both();
}

TEST_F(NeverAgainTest, APlainOwnerSuffices) {
  Open("staging");
  EXPECT_EQ(Database("staging").Scalar("select rolsuper from pg_roles where rolname = '" +
                                       Database("staging").owner() + "'"),
            "f");
  EXPECT_EQ(As("alice", {"reset", Blueprint(), "--env", "staging", "--yes"}).exit_code, 0);
}

TEST_F(NeverAgainTest, OneRowLockOfTheApplicationDoesNotStallItsReaders) {
  options_.policy =
      "environments:\n  staging: {plan: [dba], run: [dba], approvals: {required: 0}, blockers: "
      "{give_up_after: 1s, action: "
      "refuse}}\n";
  stack_.reset();
  SetUp();
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  TestConnection writer = Database("staging").Connect("billing-worker");
  writer.Execute("begin; update items set sku = sku where id = 1");
  const std::string before = Contents("staging");
  const Said said = As("alice", {"run", plan});
  EXPECT_EQ(said.exit_code, 5) << said.both();
  EXPECT_NE(said.both().find("billing-worker"), std::string::npos)
      << "the blocker is not named: " << said.both();
  EXPECT_EQ(Contents("staging"), before);
  EXPECT_EQ(
      Database("staging").Scalar("select count(*) from pg_stat_activity where application_name "
                                 "like 'resetctl%' and state like '%transaction%'"),
      "0")
      << "locks are still held";
}

TEST_F(NeverAgainTest, RecreateIsAllOrNothing) {
  Open("staging");
  const std::string before = Contents("staging");
  const Said said =
      As("alice", {"reset", Blueprint({}, {{"csv/items.csv", "sku,company_id\na-1,1\na-2,999\n"}}),
                   "--env", "staging", "--with", "master-data", "--yes"});
  EXPECT_EQ(said.exit_code, 5) << said.both();
  EXPECT_EQ(said.both().find("SUCCEEDED"), std::string::npos) << said.both();
  EXPECT_EQ(Contents("staging"), before);
}

TEST_F(NeverAgainTest, TheAdminsPasswordFromTheEnvironmentIsUsedAndNeverShown) {
  Open("staging");
  const Said said = As("alice", {"reset", Blueprint(), "--env", "staging", "--yes"});
  ASSERT_EQ(said.exit_code, 0) << said.both();
  const std::string hash = Database("staging").Scalar("select password_hash from users");
  EXPECT_EQ(hash.substr(0, 7), "$2b$04$");
  EXPECT_EQ(said.both().find(kAdminPassword), std::string::npos);
}

TEST_F(NeverAgainTest, SecretsAreInNoMessageLogPlanOrAuditEntry) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  std::string said;
  for (const std::vector<std::string>& verb :
       std::vector<std::vector<std::string>>{{"show", plan, "--sql"},
                                             {"show", plan, "-o", "json"},
                                             {"run", plan},
                                             {"audit", "list", "-o", "json"}}) {
    said += As("alice", verb).both();
  }
  // A failing step whose server message would carry the value that it tried to write.
  said += As("alice",
             {"reset",
              Blueprint(
                  {{"  - name: Company", "  - {name: Leak, sql: sql/leak.sql}\n  - name: Company"}},
                  {{"sql/leak.sql",
                    "select (current_setting('resetctl.admin_username') || ' x')::int;\n"}}),
              "--env", "staging", "--yes"})
              .both();
  const std::string url = Database("staging").OwnerUrl();
  const size_t colon = url.find(':', url.find("://") + 3);
  const std::string database_password = url.substr(colon + 1, url.find('@') - colon - 1);
  std::map<std::string, std::string> files = stack_->AllFiles();
  files["what was said"] = said;
  files["the server's log"] = Database("staging").cluster().Log();
  for (const auto& [name, content] : files) {
    EXPECT_EQ(content.find(kAdminPassword), std::string::npos)
        << "the admin's password is in " << name;
    EXPECT_EQ(content.find(url), std::string::npos) << "the database URL is in " << name;
    if (name != "the server's log") {
      EXPECT_EQ(content.find(":" + database_password + "@"), std::string::npos)
          << "its password is in " << name;
    }
  }
}

TEST_F(NeverAgainTest, EveryFormOfADatabaseUrlIsAccepted) {
  Open("staging");
  const std::string url = Database("staging").OwnerUrl();
  const std::string rest = url.substr(url.find("://"));
  for (const char* scheme :
       {"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2"}) {
    EXPECT_EQ(stack_->AgentOf("staging").Stop(), 0);
    stack_->StartAgent("staging", {{"DATABASE_URL", scheme + rest}});
    stack_->AwaitAgent("staging");
    EXPECT_EQ(As("alice", {"plan", Blueprint(), "--env", "staging"}).exit_code, 0) << scheme;
  }
}

TEST_F(NeverAgainTest, WithoutARedisUrlThePlanSaysThatThereIsNoCache) {
  Stack::Agent agent;
  agent.redis_url = "none";
  Open("staging", agent);
  const Said said = As("alice", {"reset", Blueprint(), "--env", "staging", "--yes"});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_NE(said.both().find("no cache configured"), std::string::npos) << said.both();
}

TEST_F(NeverAgainTest, AWrongPhraseIsExit3AndSaysNothingThatIsNotTrue) {
  Open("production");
  const std::string plan = ApprovedPlan(Blueprint());
  const std::string before = Contents("production");
  const Said said = As("carol", {"run", plan, "--confirm", "yes"});
  EXPECT_EQ(said.exit_code, 3) << said.both();
  for (const char* claim : {"completed", "SUCCEEDED", "has been reset"}) {
    EXPECT_EQ(said.both().find(claim), std::string::npos) << said.both();
  }
  EXPECT_EQ(Contents("production"), before);
}

TEST_F(NeverAgainTest, APhraseAloneStartsNothing) {
  Open("production");
  const std::string plan = ApprovedPlan(Blueprint());
  const std::string before = Contents("production");
  // Whoever has no key, or another's, cannot start it however well he knows the words.
  EXPECT_EQ(As("mallory", {"run", plan, "--confirm", kPhrase}).exit_code, 3);
  EXPECT_EQ(As("dana", {"run", plan, "--confirm", kPhrase}).exit_code, 3);
  EXPECT_EQ(Contents("production"), before);
}

TEST_F(NeverAgainTest, APlanSpeaksOfWhatWouldHappen) {
  Open("staging");
  const Said said = As("alice", {"plan", Blueprint(), "--env", "staging"});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  for (const char* claim : {"deleted", "completed", "successfully", "SUCCEEDED"}) {
    EXPECT_EQ(said.both().find(claim), std::string::npos) << claim << " in\n" << said.both();
  }
  EXPECT_NE(said.both().find("1,060"), std::string::npos) << "the total of all tables is missing:\n"
                                                          << said.both();
}

TEST_F(NeverAgainTest, AFailedVerificationRollsBack) {
  Open("staging");
  const std::string before = Contents("staging");
  const Said said =
      As("alice", {"reset", Blueprint({{"count(*) = 1 from users", "count(*) = 2 from users"}}),
                   "--env", "staging", "--yes"});
  EXPECT_EQ(said.exit_code, 5) << said.both();
  EXPECT_NE(said.both().find("Admin can be found"), std::string::npos) << said.both();
  EXPECT_EQ(Contents("staging"), before);
}

}  // namespace
}  // namespace resetctl::support

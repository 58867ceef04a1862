// Agents' certificates over their lives: renewed under load, revoked, expired and back.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

class CertificatesTest : public ShopTest {
 protected:
  std::string AgentLog() {
    std::ifstream in(stack_->folder() + "/agent-staging.log");
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  void AwaitLog(const std::string& line) {
    Await("'" + line + "' in the agent's log",
          [&] { return AgentLog().find(line) != std::string::npos; });
  }
};

class ShortCertificatesTest : public CertificatesTest {
 protected:
  ShortCertificatesTest() { options_.certificate_lifetime = "4s"; }
  // The agent is away for a moment whenever its stream changes to the next certificate.
  std::string PlanWhenThere(const std::string& blueprint) {
    std::string id;
    Await("a plan", [&] {
      const Said said = As("alice", {"plan", blueprint, "--env", "staging", "-o", "json"});
      EXPECT_TRUE(said.exit_code == 0 || said.exit_code == 9) << said.both();
      id = Stack::Field(said.out, "plan.id");
      return !id.empty() || said.exit_code != 9;
    });
    return id;
  }
};

TEST_F(ShortCertificatesTest, ACertificateRenewedInTheMiddleOfARunLosesNoEvent) {
  Open("staging");
  std::string sql;
  for (int i = 0; i < 40; ++i) {
    sql += "insert into companies (name) select 'c' from pg_sleep(0.1);\n";
  }
  const std::string plan = PlanWhenThere(
      Blueprint({{"sql: sql/admin.sql", "sql: sql/slow.sql"},
                 {"verify:\n  - {name: Admin can be found, sql: \"select count(*) = 1 from "
                  "users where is_superuser\"}\n",
                  ""}},
                {{"sql/slow.sql", sql}}));
  const size_t before = AgentLog().size();
  Said run;
  Await("the run", [&] {
    run = As("alice", {"run", plan});
    return run.exit_code != 9;
  });
  EXPECT_EQ(run.exit_code, 0) << run.both();
  EXPECT_NE(AgentLog().find("certificate renewed", before), std::string::npos);
  const std::string shown = As("alice", {"show", OnlyRun(), "-o", "json"}).out;
  const int last = std::stoi(Stack::Field(shown, "run.lastSeq"));
  EXPECT_GT(last, 5);
  for (int i = 0; i < last; ++i) {
    EXPECT_EQ(Stack::Field(shown, "events." + std::to_string(i) + ".seq"), std::to_string(i + 1));
  }
  EXPECT_EQ(Database("staging").Scalar("select count(*) from companies"), "41");
}

TEST_F(ShortCertificatesTest, AnExpiredAgentComesBackByItself) {
  Open("staging");
  EXPECT_EQ(stack_->AgentOf("staging").Stop(), 0);
  Await("the certificate's end", [&] {
    return stack_->RunAgent("staging", {"check"}).both().find("certificate ended") !=
           std::string::npos;
  });
  stack_->StartAgent("staging");
  stack_->AwaitAgent("staging");
  EXPECT_NE(AgentLog().find("certificate renewed"), std::string::npos);
  EXPECT_NE(PlanWhenThere(Blueprint()), "");
}

TEST_F(ShortCertificatesTest, ARevokedAgentDoesNotComeBackAfterItsEnd) {
  Open("staging");
  EXPECT_EQ(stack_->AgentOf("staging").Stop(), 0);
  ASSERT_EQ(As("alice", {"agent", "revoke", "shop", "--env", "staging", "--yes"}).exit_code, 0);
  Await("the certificate's end", [&] {
    return stack_->RunAgent("staging", {"check"}).both().find("certificate ended") !=
           std::string::npos;
  });
  stack_->StartAgent("staging");
  AwaitLog("was revoked");
  EXPECT_EQ(Stack::Field(As("alice", {"target", "show", "staging/shop", "-o", "json"}).out,
                         "target.online"),
            "false");
}

// Its calls' last holds go as the process ends: none of them on a thread of gRPC's, which would abort.
TEST_F(ShortCertificatesTest, AnAgentEndsInOrderAttachedRenewingOrAlone) {
  Open("staging");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(stack_->AgentOf("staging").Stop(), 0) << AgentLog();
    stack_->StartAgent("staging");
    stack_->AwaitAgent("staging");
  }
  stack_->controller().Kill();
  AwaitLog("not attached");
  EXPECT_EQ(stack_->AgentOf("staging").Stop(), 0) << AgentLog();
}

TEST_F(CertificatesTest, ARevokedAgentIsGoneAndStaysAway) {
  Open("staging");
  const Said revoked = As("alice", {"agent", "revoke", "shop", "--env", "staging", "--yes"});
  ASSERT_EQ(revoked.exit_code, 0) << revoked.both();
  AwaitLog("CERTIFICATE_REVOKED");
  EXPECT_EQ(Stack::Field(As("alice", {"target", "show", "staging/shop", "-o", "json"}).out,
                         "target.online"),
            "false");
  EXPECT_EQ(As("alice", {"plan", Blueprint(), "--env", "staging"}).exit_code, 9);
  // A new invitation makes it welcome again.
  const Said token = As("alice", {"agent", "invite", "shop", "--env", "staging", "--token-file",
                                  stack_->folder() + "/again"});
  ASSERT_EQ(token.exit_code, 0) << token.both();
  EXPECT_EQ(stack_->AgentOf("staging").Stop(), 0);
  ASSERT_EQ(stack_->RunAgent("staging", {"enroll", "--token-file", stack_->folder() + "/again"})
                .exit_code,
            0);
  stack_->StartAgent("staging");
  stack_->AwaitAgent("staging");
  stack_->Plan("alice", Blueprint(), "staging");
}

}  // namespace
}  // namespace resetctl::support

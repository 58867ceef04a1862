// What is refused, by whom, with which reason and exit code; and that nothing was lost by it.
#include <gtest/gtest.h>

#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

class RefusalTest : public ShopTest {
 protected:
  // A plan that is not made: exit code, reason, and that the target is as before.
  Said NoPlan(const std::string& blueprint, int exit_code, const std::string& reason,
              const std::string& environment = "staging") {
    const std::string before = Contents(environment);
    const Said said = As("alice", {"plan", blueprint, "--env", environment, "-o", "json"});
    EXPECT_EQ(said.exit_code, exit_code) << said.both();
    EXPECT_NE(said.out.find(reason + "\""), std::string::npos)
        << reason << " is not in " << said.out;
    EXPECT_EQ(Contents(environment), before);
    return said;
  }
  void RestartAgent(const std::map<std::string, std::string>& variables) {
    stack_->AgentOf("staging").Stop();
    stack_->StartAgent("staging", variables);
    stack_->AwaitAgent("staging");
  }
};

TEST_F(RefusalTest, ABlueprintThatNamesATableThatIsNotThere) {
  Open("staging");
  const Said said = NoPlan(Blueprint({{"tables: [items]", "tables: [item]"}}), 5, "NO_SUCH_TABLE");
  EXPECT_NE(said.out.find("items"), std::string::npos) << "no suggestion: " << said.out;
}

TEST_F(RefusalTest, ABlueprintThatDoesNotNameOneThatIs) {
  Open("staging");
  Database("staging").Execute(
      "create table ip_whitelist (ip inet); insert into ip_whitelist values ('10.0.0.1')");
  const Said said = NoPlan(Blueprint(), 5, "UNLISTED_TABLES");
  EXPECT_NE(said.out.find("ip_whitelist"), std::string::npos) << said.out;
}

TEST_F(RefusalTest, EveryProblemIsToldAtOnceWithItsPlace) {
  Open("staging");
  Database("staging").Execute("create table ip_whitelist (ip inet)");
  const Said said =
      As("alice", {"plan", Blueprint({{"tables: [items]", "tables: [item]"}}), "--env", "staging"});
  EXPECT_EQ(said.exit_code, 5);
  for (const char* expected :
       {"NO_SUCH_TABLE", "UNLISTED_TABLES", "blueprint.yaml:13", "ip_whitelist"}) {
    EXPECT_NE(said.both().find(expected), std::string::npos) << expected << " is not in\n"
                                                             << said.both();
  }
}

TEST_F(RefusalTest, AMalformedBlueprintNeverReachesTheTarget) {
  Open("staging");
  NoPlan(Blueprint({{"unlisted: refuse", "unlisted: perhaps"}}), 2, "BLUEPRINT_INVALID");
  NoPlan(Blueprint({{"sql: sql/admin.sql", "sql: sql/nothing.sql"}}), 2, "BLUEPRINT_INVALID");
  NoPlan(Blueprint({}, {{"sql/admin.sql", "-- nothing here\n"}}), 2, "BLUEPRINT_INVALID");
  NoPlan(Blueprint({}, {{"sql/admin.sql", "insert into companies (name) values ('x'); commit;"}}),
         2, "BLUEPRINT_INVALID");
}

TEST_F(RefusalTest, AMissingOrTooShortPassword) {
  Open("staging");
  RestartAgent({{"ADMIN_PASSWORD", ""}});
  NoPlan(Blueprint(), 5, "PARAMETER_MISSING");
  RestartAgent({{"ADMIN_PASSWORD", "Shrt-9"}});
  const Said said = NoPlan(Blueprint(), 5, "PARAMETER_INVALID");
  EXPECT_EQ(said.both().find("Shrt-9"), std::string::npos);
}

TEST_F(RefusalTest, AParameterOrAnOriginOrACommandThatAgentYamlDoesNotList) {
  Open("staging");
  NoPlan(Blueprint({{"  ADMIN_USERNAME:", "  HOME: {required: true}\n  ADMIN_USERNAME:"}}), 3,
         "PARAMETER_NOT_ALLOWED");
  NoPlan(Blueprint(
             {{"redis:",
               "after:\n  - {name: Tell, http: {url: 'http://169.254.169.254/latest'}}\nredis:"}}),
         3, "ORIGIN_NOT_ALLOWED");
  NoPlan(Blueprint({{"redis:", "after:\n  - {name: Shell, command: [sh, -c, id]}\nredis:"}}), 3,
         "COMMAND_NOT_ALLOWED");
}

TEST_F(RefusalTest, AnEnvironmentThatRailwayContradicts) {
  Open("staging");
  RestartAgent({{"RAILWAY_ENVIRONMENT", "production"}});
  NoPlan(Blueprint(), 3, "ENVIRONMENT_CONTRADICTS");
}

TEST_F(RefusalTest, ADatabaseThatIsOutOfReachOrRefusesUs) {
  Open("staging");
  const std::string good = Database("staging").OwnerUrl();
  std::string wrong_password = good;
  wrong_password.replace(
      wrong_password.find(':', wrong_password.find("://") + 3) + 1,
      wrong_password.find('@') - wrong_password.find(':', wrong_password.find("://") + 3) - 1,
      "hunter2");
  RestartAgent({{"DATABASE_URL", wrong_password}});
  Said said = NoPlan(Blueprint(), 5, "DATABASE_AUTH");
  EXPECT_EQ(said.both().find("hunter2"), std::string::npos) << said.both();

  RestartAgent({{"DATABASE_URL", good.substr(0, good.rfind('/')) + "/no_such_database"}});
  said = As("alice", {"plan", Blueprint(), "--env", "staging"});
  EXPECT_EQ(said.exit_code, 5) << said.both();
  EXPECT_NE(said.both().find("no_such_database"), std::string::npos) << said.both();

  RestartAgent({{"DATABASE_URL", "postgresql://shop:hunter2@127.0.0.1:1/shop"}});
  said = As("alice", {"plan", Blueprint(), "--env", "staging"});
  EXPECT_TRUE(said.exit_code == 5 || said.exit_code == 9) << said.both();
  EXPECT_NE(said.both().find("127.0.0.1"), std::string::npos) << said.both();
  EXPECT_EQ(said.both().find("hunter2"), std::string::npos) << said.both();
}

TEST_F(RefusalTest, AnAgentWithoutADatabaseUrlSaysSo) {
  Open("staging");
  stack_->AgentOf("staging").Stop();
  for (const char* url : {"", "not a url at all ://hunter2"}) {
    stack_->StartAgent("staging", {{"DATABASE_URL", url}});
    stack_->AgentOf("staging").Stop();
    const Said said = stack_->RunAgent("staging", {"check"});
    EXPECT_NE(said.exit_code, 0) << said.both();
    EXPECT_NE(said.both().find("DATABASE_URL"), std::string::npos) << said.both();
    EXPECT_EQ(said.both().find("hunter2"), std::string::npos) << said.both();
  }
}

TEST_F(RefusalTest, ARoleThatMayNotTruncateIsToldTheGrant) {
  Open("staging");
  TestDatabase& database = Database("staging");
  const std::string role = database.CreateRole("reader");
  database.ExecuteAsSuperuser("grant select on all tables in schema public to " + role);
  RestartAgent({{"DATABASE_URL", database.UrlFor(role)}});
  const Said said = NoPlan(Blueprint(), 5, "PRIVILEGE_MISSING");
  EXPECT_NE(said.out.find("TRUNCATE"), std::string::npos) << said.out;
}

TEST_F(RefusalTest, AColumnAddedSinceThePlanIsNamed) {
  Open("production");
  const std::string plan = ApprovedPlan(Blueprint());
  Database("production").Execute("alter table items add column colour text");
  const std::string before = Contents("production");
  const Said said = As("carol", {"run", plan, "--confirm", kPhrase});
  EXPECT_EQ(said.exit_code, 4) << said.both();
  EXPECT_NE(said.both().find("colour"), std::string::npos) << said.both();
  EXPECT_EQ(Contents("production"), before);
  EXPECT_EQ(Stack::Field(As("alice", {"show", plan, "-o", "json"}).out, "plan.state"),
            "PLAN_STATE_STALE");
}

TEST_F(RefusalTest, APasswordChangedSinceThePlanMakesItStale) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  RestartAgent({{"ADMIN_PASSWORD", "Another-One-2026"}});
  const Said said = As("alice", {"run", plan});
  EXPECT_EQ(said.exit_code, 4) << said.both();
  EXPECT_NE(said.both().find("ADMIN_PASSWORD"), std::string::npos) << said.both();
}

TEST_F(RefusalTest, ManyRowsMoreThanWereApprovedMakeItStale) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  Database("staging").Execute(
      "insert into items (sku) select 'new-' || i from generate_series(1, 5000) i");
  const Said said = As("alice", {"run", plan});
  EXPECT_EQ(said.exit_code, 4) << said.both();
  EXPECT_NE(said.both().find("items"), std::string::npos) << said.both();
}

TEST_F(RefusalTest, APlanWhoseFloorChangedIsStale) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  stack_->AgentOf("staging").Stop();
  const std::string floor = stack_->folder() + "/agent-staging/trust/floor.yaml";
  ASSERT_EQ(system(("echo '# another rule' >>" + floor).c_str()), 0);
  stack_->StartAgent("staging");
  stack_->AwaitAgent("staging");
  EXPECT_EQ(As("alice", {"run", plan}).exit_code, 4);
}

TEST_F(RefusalTest, TheFloorSaysNoWhereThePolicySaysYes) {
  Stack::Agent agent;
  agent.floor =
      "groups: {dba: [alice, bob, carol], product: [dana]}\nplan: [dba]\nrun: [dba]\n"
      "approvals: {required: 1, groups: [product]}\n";
  Open("staging", agent);
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  const std::string before = Contents("staging");
  const Said said = As("alice", {"run", plan});
  EXPECT_EQ(said.exit_code, 3) << said.both();
  EXPECT_NE(said.both().find("floor"), std::string::npos) << said.both();
  EXPECT_EQ(Contents("staging"), before);
}

TEST_F(RefusalTest, TwoEnvironmentsOnOneDatabase) {
  Open("staging");
  ASSERT_EQ(As("alice", {"reset", Blueprint(), "--env", "staging", "--yes"}).exit_code, 0);
  Stack::Agent production;
  production.database_url = Database("staging").OwnerUrl();
  Open("production", production);
  const std::string before = Contents("staging");
  const Said said = As("alice", {"plan", Blueprint(), "--env", "production", "-o", "json"});
  EXPECT_NE(said.exit_code, 0) << said.both();
  EXPECT_NE(said.out.find("IDENTITY_CONFLICT"), std::string::npos) << said.both();
  EXPECT_EQ(Contents("staging"), before);
}

class ExpiryTest : public RefusalTest {
 protected:
  ExpiryTest() {
    options_.policy =
        "environments:\n  staging: {plan: [dba], run: [dba], approvals: {required: 0}, plan_ttl: "
        "1s}\n"
        "  production: {plan: [dba], run: [dba], approvals: {required: 2}}\n";
  }
};

TEST_F(ExpiryTest, AnExpiredPlanDoesNotRun) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  Await("the plan to expire", [&] {
    return Stack::Field(As("alice", {"show", plan, "-o", "json"}).out, "plan.state") ==
           "PLAN_STATE_EXPIRED";
  });
  const Said said = As("alice", {"run", plan});
  EXPECT_EQ(said.exit_code, 3) << said.both();
  EXPECT_NE(said.both().find("expired"), std::string::npos) << said.both();
}

TEST_F(RefusalTest, WithoutAnAgentOrAControllerItIsOutOfReach) {
  Open("staging");
  const std::string blueprint = Blueprint();
  stack_->AgentOf("staging").Stop();
  Await("the agent to be seen as gone", [&] {
    return Stack::Field(
               As("alice", {"target", "show", "shop", "--env", "staging", "-o", "json"}).out,
               "target.online") == "false";
  });
  EXPECT_EQ(As("alice", {"plan", blueprint, "--env", "staging"}).exit_code, 9);
  stack_->controller().Stop();
  EXPECT_EQ(As("alice", {"plan", blueprint, "--env", "staging"}).exit_code, 9);
}

TEST_F(RefusalTest, WrongUsageIsExit2AndAnErrorAsJsonHasItsReason) {
  EXPECT_EQ(As("alice", {"paln"}).exit_code, 2);
  EXPECT_EQ(As("alice", {"plan", "/no/such/file.yaml", "--env", "staging"}).exit_code, 2);
  EXPECT_EQ(As("alice", {"plan", Blueprint()}).exit_code, 2) << "a destructive verb took no --env";
  const Said said = As("alice", {"show", "p-0000", "-o", "json"});
  EXPECT_EQ(said.exit_code, 2);
  EXPECT_EQ(Stack::Field(said.out, "error.reason"), "NOT_FOUND") << said.out;
  EXPECT_EQ(Stack::Field(said.out, "error.retryable"), "false") << said.out;
}

}  // namespace
}  // namespace resetctl::support

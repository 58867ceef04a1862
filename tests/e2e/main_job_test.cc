// The main job as people do it, with the real programs.
#include <gtest/gtest.h>

#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

class MainJobTest : public ShopTest {};

TEST_F(MainJobTest, ProductionNeedsTwoPeopleAPhraseAndThenIsWhatTheBlueprintSays) {
  Open("production");
  Redis("production").Call({"SELECT", "3"});
  Redis("production").Call({"SET", "other-application", "untouched"});
  const std::string kept =
      Database("production")
          .Scalar("select md5(string_agg(n::text, ',' order by id)) from notes n");
  const std::string blueprint = Blueprint();

  const std::string plan =
      stack_->Plan("carol", blueprint, "production", {"--with", "master-data"});
  const std::string before = Contents("production");

  Said said = As("carol", {"run", plan, "--confirm", kPhrase});
  EXPECT_EQ(said.exit_code, 3) << said.both();
  EXPECT_NE(said.both().find("approval"), std::string::npos) << said.both();

  EXPECT_EQ(As("carol", {"approve", plan, "--yes"}).exit_code, 3) << "the author approved";
  EXPECT_EQ(As("alice", {"approve", plan, "--yes"}).exit_code, 0);
  EXPECT_EQ(As("alice", {"approve", plan, "--yes"}).exit_code, 3) << "one person approved twice";
  EXPECT_EQ(As("mallory", {"approve", plan, "--yes"}).exit_code, 3) << "somebody unknown approved";
  EXPECT_EQ(As("dana", {"approve", plan, "--yes"}).exit_code, 0);

  said = As("carol", {"run", plan, "--confirm", "DELETE ALL DATA"});
  EXPECT_EQ(said.exit_code, 3) << said.both();
  EXPECT_EQ(Contents("production"), before);

  said = As("carol", {"run", plan, "--confirm", kPhrase});
  EXPECT_EQ(said.exit_code, 0) << said.both();

  TestDatabase& database = Database("production");
  EXPECT_EQ(database.Scalar("select string_agg(username, ',') from users"), "root");
  EXPECT_EQ(database.Scalar("select string_agg(id || name, ',') from companies"), "1My Company");
  EXPECT_EQ(database.Scalar("select count(*) || ':' || min(sku) from items"), "3:a-1");
  EXPECT_EQ(database.Scalar("select md5(string_agg(n::text, ',' order by id)) from notes n"), kept);
  EXPECT_EQ(database.Scalar("select version_num from alembic_version"), "4f2a");
  EXPECT_EQ(database.Scalar("select count(*) from resetctl.ledger"), "1");
  EXPECT_EQ(database.Scalar("insert into items (sku) values ('next') returning id"), "4")
      << "a sequence was not moved past what was written";
  Redis("production").Call({"SELECT", "0"});
  EXPECT_EQ(Redis("production").Call({"KEYS", "*"}), "resetctl:target\n");
  Redis("production").Call({"SELECT", "3"});
  EXPECT_EQ(Redis("production").Call({"GET", "other-application"}), "untouched");

  said = As("carol", {"run", plan, "--confirm", kPhrase});
  EXPECT_EQ(said.exit_code, 3) << "a plan ran twice: " << said.both();

  const std::string audit = As("alice", {"audit", "list", "-o", "json"}).out;
  for (const char* action : {"plan.create", "plan.approve", "run.start", "run.end"}) {
    EXPECT_NE(audit.find(action), std::string::npos) << action << " is not in the audit log";
  }
}

TEST_F(MainJobTest, StagingIsOneCommandForARobot) {
  Open("staging");
  const Said said = As("nightly", {"reset", Blueprint(), "--env", "staging", "--yes"});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_EQ(Database("staging").Scalar("select count(*) from items"), "0");
  EXPECT_EQ(Database("staging").Scalar("select count(*) from users"), "1");
}

TEST_F(MainJobTest, AnApprovalCanBeTakenBackAndARejectionEndsThePlan) {
  Open("production");
  const std::string blueprint = Blueprint();
  const std::string plan = ApprovedPlan(blueprint);
  EXPECT_EQ(As("dana", {"unapprove", plan}).exit_code, 0);
  EXPECT_EQ(As("carol", {"run", plan, "--confirm", kPhrase}).exit_code, 3);
  EXPECT_EQ(As("dana", {"reject", plan, "-m", "not this week"}).exit_code, 0);
  EXPECT_EQ(Stack::Field(As("alice", {"show", plan, "-o", "json"}).out, "plan.state"),
            "PLAN_STATE_REJECTED");
  EXPECT_EQ(As("alice", {"approve", plan, "--yes"}).exit_code, 3);

  const std::string other = stack_->Plan("carol", blueprint, "production");
  EXPECT_EQ(As("carol", {"withdraw", other}).exit_code, 0);
  EXPECT_EQ(Stack::Field(As("alice", {"show", other, "-o", "json"}).out, "plan.state"),
            "PLAN_STATE_WITHDRAWN");
}

TEST_F(MainJobTest, PlanningChangesNothing) {
  Open("staging");
  const std::string before = Contents("staging");
  const Said said = As("alice", {"plan", Blueprint(), "--env", "staging"});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_EQ(Contents("staging"), before);
  EXPECT_EQ(
      Database("staging").Scalar("select count(*) from pg_namespace where nspname = 'resetctl'"),
      "0");
  EXPECT_EQ(Redis("staging").Call({"DBSIZE"}), "20");
}

TEST_F(MainJobTest, EveryVerbThatOnlyReadsAnswers) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  for (const std::vector<std::string>& verb :
       std::vector<std::vector<std::string>>{{"whoami"},
                                             {"env", "list"},
                                             {"env", "show", "staging"},
                                             {"target", "list"},
                                             {"target", "show", "shop", "--env", "staging"},
                                             {"agent", "list"},
                                             {"policy", "show"},
                                             {"list"},
                                             {"list", "plans"},
                                             {"list", "runs"},
                                             {"list", "--mine"},
                                             {"show", plan},
                                             {"show", plan.substr(0, 10), "--sql"},
                                             {"audit", "list"},
                                             {"doctor"},
                                             {"version"}}) {
    const Said said = As("alice", verb);
    EXPECT_EQ(said.exit_code, 0) << ::testing::PrintToString(verb) << said.both();
    std::vector<std::string> as_json = verb;
    as_json.insert(as_json.end(), {"-o", "json"});
    const Said json = As("alice", as_json);
    EXPECT_EQ(json.exit_code, 0) << ::testing::PrintToString(verb) << json.both();
    EXPECT_EQ(json.out.substr(0, 1), "{") << ::testing::PrintToString(verb) << json.out;
  }
}

}  // namespace
}  // namespace resetctl::support

// Which database a target is, told apart by real agents on real databases.
#include <gtest/gtest.h>

#include "tests/e2e/shop.h"

namespace resetctl::support {
namespace {

class TargetsTest : public ShopTest {
 protected:
  void Restart(const std::string& environment,
               const std::map<std::string, std::string>& variables) {
    stack_->AgentOf(environment).Stop();
    stack_->StartAgent(environment, variables);
    stack_->AwaitAgent(environment);
  }
  std::string ProblemOf(const std::string& environment) {
    return Stack::Field(As("alice", {"target", "show", environment + "/shop", "-o", "json"}).out,
                        "target.problem");
  }
  void ExpectNoPlan(const std::string& environment, const std::string& said) {
    const Said plan = As("alice", {"plan", Blueprint(), "--env", environment});
    EXPECT_EQ(plan.exit_code, 5) << plan.both();
    EXPECT_NE(plan.both().find(said), std::string::npos) << said << " is not in\n" << plan.both();
  }
};

TEST_F(TargetsTest, AnAgentPointedAtAnotherTargetsDatabaseDoesNothingThere) {
  Open("production");
  Open("staging");
  const std::string before = Contents("production");
  Restart("staging", {{"DATABASE_URL", Database("production").OwnerUrl()}});
  ExpectNoPlan("staging", "is not the one that it was");

  // Not even bound: the two agents find out that they look at one database, and both are refused.
  const Said bound = As("alice", {"target", "rebind", "staging/shop", "--yes"});
  EXPECT_EQ(bound.exit_code, 0) << bound.both();
  Await("the agents' answer", [&] {
    return ProblemOf("staging").find("one and the same database") != std::string::npos;
  });
  ExpectNoPlan("staging", "one and the same database");
  ExpectNoPlan("production", "one and the same database");
  EXPECT_EQ(Contents("production"), before);

  Restart("staging", {{"DATABASE_URL", Database("staging").OwnerUrl()}});
  EXPECT_EQ(As("alice", {"target", "rebind", "staging/shop", "--yes"}).exit_code, 0);
  EXPECT_EQ(ProblemOf("staging"), "");
  stack_->Plan("alice", Blueprint(), "staging");
  stack_->Plan("alice", Blueprint(), "production");
}

TEST_F(TargetsTest, AStagingRestoredFromProductionIsOneCommandAwayFromWorking) {
  Open("production");
  const std::string plan = ApprovedPlan(Blueprint());
  ASSERT_EQ(As("carol", {"run", plan, "--confirm", kPhrase}).exit_code, 0);  // leaves its mark
  Open("staging");
  // The restore: everything, our schema included.
  const std::string copy = Database("staging").name() + "_restored";
  stack_->AgentOf("production").Stop();
  Database("staging").cluster();
  TestConnection admin(PostgresCluster::Shared().SuperuserUrl());
  admin.Execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = '" +
                Database("production").name() + "'");
  admin.Execute("create database " + copy + " template " + Database("production").name() +
                " owner " + Database("production").owner());
  stack_->StartAgent("production");
  stack_->AwaitAgent("production");
  std::string url = Database("production").OwnerUrl();
  url.replace(url.rfind('/'), std::string::npos, "/" + copy);
  Restart("staging", {{"DATABASE_URL", url}});
  ExpectNoPlan("staging", "target rebind staging/shop");

  const Said bound = As("alice", {"target", "rebind", "staging/shop", "--yes"});
  ASSERT_EQ(bound.exit_code, 0) << bound.both();
  const std::string again = stack_->Plan("alice", Blueprint(), "staging");
  EXPECT_EQ(As("alice", {"run", again}).exit_code, 0);
  stack_->Plan("alice", Blueprint(), "production");
}

TEST_F(TargetsTest, TwoAgentsOfOneIdentityAreAnAlarm) {
  Open("staging");
  EXPECT_EQ(ProblemOf("staging"), "");
  std::unique_ptr<Daemon> copy = stack_->StartCopyOfAgent("staging");
  Await("the alarm",
        [&] { return ProblemOf("staging").find("two programs take turns") != std::string::npos; });
  const Said log = As("alice", {"audit", "list", "--limit", "500", "-o", "json"});
  EXPECT_NE(log.out.find("agent.turns"), std::string::npos) << log.both();
  EXPECT_NE(As("alice", {"doctor"}).both().find("two programs take turns"), std::string::npos);
  copy->Stop();
  stack_->AwaitAgent("staging");
  stack_->Plan("alice", Blueprint(), "staging");
}

TEST_F(TargetsTest, OneRedisDbForTwoEnvironmentsIsRefused) {
  Open("production");
  Stack::Agent staging;
  staging.redis_url = Redis("production").Url(0);
  Open("staging", staging);
  ExpectNoPlan("staging", "one and the same Redis db");
  ExpectNoPlan("production", "one and the same Redis db");
}

}  // namespace
}  // namespace resetctl::support

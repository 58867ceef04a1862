// What happens when something breaks half way: the data is wholly old or wholly new, and the outcome is known.
#include <atomic>
#include <csignal>

#include <gtest/gtest.h>

#include "tests/e2e/gated_shop.h"
#include "tests/support/http_server.h"

namespace resetctl::support {
namespace {

class FailureTest : public GatedShopTest {};

TEST_F(FailureTest, ADuplicateKeyInTheLastCsvRowLeavesEverythingAsBefore) {
  Open("staging");
  const std::string before = Contents("staging");
  const std::string plan = stack_->Plan(
      "alice", Blueprint({}, {{"csv/items.csv", "sku,company_id\na-1,1\na-2,1\na-1,1\n"}}),
      "staging", {"--with", "master-data"});
  const Said said = As("alice", {"run", plan});
  EXPECT_EQ(said.exit_code, 5) << said.both();
  for (const char* expected : {"items.csv", "4", "duplicate key"}) {
    EXPECT_NE(said.both().find(expected), std::string::npos) << expected << " is not in\n"
                                                             << said.both();
  }
  EXPECT_EQ(Contents("staging"), before);
  EXPECT_EQ(Redis("staging").Call({"DBSIZE"}), "20");
  EXPECT_EQ(StateOfPlan(plan), "PLAN_STATE_APPROVED");
}

TEST_F(FailureTest, AFailingStatementIsNamedByFileLineAndStatement) {
  Open("staging");
  const std::string before = Contents("staging");
  const std::string plan =
      stack_->Plan("alice",
                   Blueprint({}, {{"sql/admin.sql",
                                   "-- two statements\ninsert into companies (name) values "
                                   "('a;b');\n\ninsert into nowhere values (1);\n"}}),
                   "staging");
  const Said said = As("alice", {"run", plan});
  EXPECT_EQ(said.exit_code, 5) << said.both();
  EXPECT_NE(said.both().find("sql/admin.sql:4"), std::string::npos) << said.both();
  EXPECT_NE(said.both().find("nowhere"), std::string::npos) << said.both();
  EXPECT_EQ(Contents("staging"), before);
}

class KilledAgentNeverAgainTest : public FailureTest {};

TEST_F(KilledAgentNeverAgainTest,
       BetweenClearAndCommitTheOldDataStaysAndTheRunEndsRolledBackByItself) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  const std::string before = Contents("staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  stack_->AgentOf("staging").Kill();
  stack_->StartAgent("staging");
  AwaitState(run, "RUN_STATE_ROLLED_BACK");
  EXPECT_EQ(client->Stop() >= 0, true);
  OpenGate(gate);
  EXPECT_EQ(Contents("staging"), before);
  EXPECT_EQ(Redis("staging").Call({"DBSIZE"}), "20");
  EXPECT_EQ(StateOfPlan(plan), "PLAN_STATE_APPROVED");
  EXPECT_EQ(As("alice", {"run", plan}).exit_code, 0) << "the plan could not be run again";
}

TEST_F(FailureTest, AKilledBackendRollsBack) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  const std::string before = Contents("staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  Database("staging").ExecuteAsSuperuser(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted "
      "and objid = 4711");
  AwaitState(run, "RUN_STATE_ROLLED_BACK");
  EXPECT_EQ(Contents("staging"), before);
}

TEST_F(FailureTest, TheSecondOfTwoRunsOfOneTargetIsRefused) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  const std::string other = stack_->Plan("bob", Blueprint(), "staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  const Said said = As("bob", {"run", other});
  EXPECT_EQ(said.exit_code, 3) << said.both();
  EXPECT_NE(said.both().find(run.substr(0, 10)), std::string::npos)
      << "the first run is not named: " << said.both();
  OpenGate(gate);
  AwaitState(run, "RUN_STATE_SUCCEEDED");
}

TEST_F(FailureTest, AControllerStoppedDuringARunLosesNothing) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  stack_->controller().Kill();
  OpenGate(gate);
  Await("the reset to commit",
        [&] { return Database("staging").Scalar("select count(*) from users") == "1"; });
  stack_->StartController();
  AwaitState(run, "RUN_STATE_SUCCEEDED");
  const std::string shown = As("alice", {"show", run, "-o", "json"}).out;
  EXPECT_EQ(Stack::Field(shown, "events.0.seq"), "1") << shown;
  EXPECT_EQ(client->Stop() >= 0, true);
}

TEST_F(FailureTest, CancelDuringARunRollsBack) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  const std::string before = Contents("staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  EXPECT_EQ(As("alice", {"cancel", run}).exit_code, 7) << "a request was reported as an outcome";
  AwaitState(run, "RUN_STATE_CANCELLED");
  EXPECT_EQ(client->Stop(), 8);
  EXPECT_EQ(Contents("staging"), before);
  EXPECT_EQ(StateOfPlan(plan), "PLAN_STATE_APPROVED");
}

TEST_F(FailureTest, CtrlCDuringARunDetachesAndTheRunGoesOn) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  client->Signal(SIGINT);
  EXPECT_EQ(EndOf(*client), 7);
  OpenGate(gate);
  EXPECT_EQ(As("alice", {"watch", run}).exit_code, 0);
  EXPECT_EQ(StateOf(run), "RUN_STATE_SUCCEEDED");
}

TEST_F(FailureTest, ACacheLostAfterTheCommitNeedsAttentionAndResumeRepeatsOnlyThat) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Gated(), "staging");
  TestConnection gate = CloseGate();
  std::unique_ptr<Daemon> client = StartRun(plan);
  AwaitAtGate();
  const std::string run = OnlyRun();
  Redis("staging").Stop();
  OpenGate(gate);
  AwaitState(run, "RUN_STATE_NEEDS_ATTENTION");
  EXPECT_EQ(EndOf(*client), 6);
  EXPECT_EQ(Database("staging").Scalar("select count(*) from users"), "1");

  Redis("staging").Start();
  Redis("staging").Call({"SET", "stale", "x"});
  const Said said = As("alice", {"resume", run});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_EQ(Redis("staging").Call({"EXISTS", "stale"}), "0");
  EXPECT_EQ(Database("staging").Scalar("select count(*) from resetctl.ledger"), "1");
}

TEST_F(FailureTest, AFailedLoginCheckNeedsAttentionAndResumeMendsIt) {
  std::atomic<int> status = 502;
  HttpServer app([&](const HttpExchange&) { return status.load(); });
  Stack::Agent agent;
  agent.http_origin = app.Origin();
  agent.variables["APP_URL"] = app.Origin();
  Open("staging", agent);
  const std::string plan = stack_->Plan(
      "alice",
      Blueprint({{"redis:",
                  "after:\n  - {name: Admin logs in, http: {url: '${APP_URL}/login', method: POST, "
                  "json: {password: "
                  "'${ADMIN_PASSWORD}'}, expect: 200}}\nredis:"},
                 {"  ADMIN_USERNAME:", "  APP_URL: {required: true}\n  ADMIN_USERNAME:"}}),
      "staging");
  Said said = As("alice", {"run", plan});
  EXPECT_EQ(said.exit_code, 6) << said.both();
  EXPECT_NE(said.both().find("expected 200, got 502"), std::string::npos) << said.both();
  status = 200;
  said = As("alice", {"resume", OnlyRun()});
  EXPECT_EQ(said.exit_code, 0) << said.both();
  EXPECT_NE(app.Seen().back().body.find(kAdminPassword), std::string::npos);
}

TEST_F(FailureTest, BeforeStepsAreUndoneAfterARollbackToo) {
  const std::string log = stack_->folder() + "/maintenance";
  Stack::Agent agent;
  agent.commands = {"[/usr/bin/touch, '" + log + "-on']", "[/usr/bin/touch, '" + log + "-off']"};
  Open("staging", agent);
  const std::string plan = stack_->Plan(
      "alice",
      Blueprint({{"recreate:", "before:\n  - {name: Maintenance, do: {command: [/usr/bin/touch, '" +
                                   log + "-on']}, undo: {command: [/usr/bin/touch, '" + log +
                                   "-off']}}\nrecreate:"}},
                {{"sql/admin.sql", "insert into nowhere values (1);\n"}}),
      "staging");
  EXPECT_EQ(As("alice", {"run", plan}).exit_code, 5);
  EXPECT_EQ(access((log + "-on").c_str(), F_OK), 0);
  EXPECT_EQ(access((log + "-off").c_str(), F_OK), 0);
}

class CountdownNeverAgainTest : public FailureTest {
 protected:
  CountdownNeverAgainTest() {
    options_.policy =
        "environments:\n  staging: {plan: [dba], run: [dba], approvals: {required: 0}, hold: 60s}\n"
        "  production: {plan: [dba], run: [dba], approvals: {required: 2}}\n";
  }
};

TEST_F(CountdownNeverAgainTest, CtrlCInTheCountdownCancelsAtOnceWithNothingChanged) {
  Open("staging");
  const std::string before = Contents("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  std::unique_ptr<Daemon> client = StartRun(plan);
  const std::string run = OnlyRun();
  client->Signal(SIGINT);
  EXPECT_EQ(EndOf(*client), 8);
  EXPECT_EQ(StateOf(run), "RUN_STATE_CANCELLED");
  EXPECT_EQ(Contents("staging"), before);
}

TEST_F(CountdownNeverAgainTest, LosingTheClientInTheCountdownCancels) {
  Open("staging");
  const std::string plan = stack_->Plan("alice", Blueprint(), "staging");
  std::unique_ptr<Daemon> client = StartRun(plan);
  const std::string run = OnlyRun();
  client->Kill();
  AwaitState(run, "RUN_STATE_CANCELLED");
}

}  // namespace
}  // namespace resetctl::support

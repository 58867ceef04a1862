// A COMMIT that waits for a synchronous standby which is not there: nobody knows its outcome until the wait is over (TRUST §5).
#include <gtest/gtest.h>

#include "tests/e2e/gated_shop.h"

namespace resetctl::support {
namespace {

class WaitingCommitTest : public GatedShopTest {
 protected:
  void TearDown() override { ReleaseCommits(); }

  // A run whose COMMIT was sent, and waits. Its id. `options`: of the agent's DATABASE_URL.
  std::string RunUpToTheCommit(const std::string& options = "") {
    Open("staging");
    stack_->AgentOf("staging").Stop();
    stack_->StartAgent("staging", {{"DATABASE_URL", Database("staging").OwnerUrl() + options}});
    stack_->AwaitAgent("staging");
    plan_ = stack_->Plan("alice", Gated(), "staging");
    TestConnection gate = CloseGate();
    client_ = StartRun(plan_);
    AwaitAtGate();
    std::string run = OnlyRun();
    SetStandby("'nobody'");
    OpenGate(gate);
    AwaitWaiting();
    return run;
  }
  bool CommitWaits() {
    return Database("staging").Scalar(
               "select count(*) from pg_stat_activity where wait_event = 'SyncRep'") == "1";
  }
  void AwaitWaiting() {
    Await("the COMMIT to wait for its standby", [&] { return CommitWaits(); });
  }
  void ReleaseCommits() { SetStandby("''"); }
  std::string InLedger(const std::string& run) {
    return Database("staging").Scalar("select count(*) from resetctl.ledger where run = '" + run +
                                      "'");
  }

  std::string plan_;
  std::unique_ptr<Daemon> client_;

 private:
  void SetStandby(const std::string& names) {
    Database("staging").ExecuteAsSuperuser("alter system set synchronous_standby_names = " + names);
    Database("staging").ExecuteAsSuperuser("select pg_reload_conf()");
  }
};

TEST_F(WaitingCommitTest, AfterTheAgentsDeathTheLedgerSaysWhatBecameOfIt) {
  const std::string run = RunUpToTheCommit();
  stack_->AgentOf("staging").Kill();
  stack_->StartAgent("staging");
  AwaitState(run, "RUN_STATE_UNKNOWN");
  EXPECT_TRUE(CommitWaits()) << "the COMMIT ended with the agent";
  EXPECT_EQ(InLedger(run), "0");
  EXPECT_EQ(Redis("staging").Call({"DBSIZE"}), "20") << "the cache was flushed before the commit";
  ReleaseCommits();
  AwaitState(run, "RUN_STATE_SUCCEEDED");
  EXPECT_EQ(InLedger(run), "1");
  EXPECT_EQ(Database("staging").Scalar("select count(*) from users"), "1");
  EXPECT_EQ(StateOfPlan(plan_), "PLAN_STATE_CONSUMED");
  EXPECT_EQ(EndOf(*client_), 0);
}

TEST_F(WaitingCommitTest, IsNotGivenUpHoweverLongItWaits) {
  const std::string run = RunUpToTheCommit("?tcp_user_timeout=1000");
  AwaitLooks(9);  // four in the time of the silence
  EXPECT_EQ(StateOf(run), "RUN_STATE_RUNNING");
  EXPECT_TRUE(CommitWaits());
  ReleaseCommits();
  AwaitState(run, "RUN_STATE_SUCCEEDED");
  EXPECT_EQ(EndOf(*client_), 0);
}

TEST_F(WaitingCommitTest, ACancelIsAnsweredByTheLedger) {
  const std::string run = RunUpToTheCommit();
  EXPECT_EQ(As("alice", {"cancel", run}).exit_code, 7) << "a request was reported as an outcome";
  EXPECT_TRUE(CommitWaits()) << "the COMMIT was cancelled";
  ReleaseCommits();
  AwaitState(run, "RUN_STATE_SUCCEEDED");
  EXPECT_EQ(InLedger(run), "1");
  EXPECT_EQ(EndOf(*client_), 0);
}

// The server then ends the wait, and has committed all the same.
TEST_F(WaitingCommitTest, ABackendThatIsTerminatedHasCommitted) {
  const std::string run = RunUpToTheCommit();
  Database("staging").ExecuteAsSuperuser(
      "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");
  Await("the ledger to know the run", [&] { return InLedger(run) == "1"; });
  ReleaseCommits();
  AwaitState(run, "RUN_STATE_SUCCEEDED");
  EXPECT_EQ(EndOf(*client_), 0);
}

}  // namespace
}  // namespace resetctl::support

// A proxy between agent and database that acknowledges and passes nothing on, and closes nothing: TCP says that all is well. Each wait
// has an end all the same, and it is the truth.
#include <gtest/gtest.h>

#include "tests/e2e/failpoints.h"
#include "tests/e2e/gated_shop.h"
#include "tests/support/tcp_proxy.h"

namespace resetctl::support {
namespace {

class BlackHoleTest : public GatedShopTest {
 protected:
  BlackHoleTest() { options_.failpoints = failpoints_.folder(); }
  void TearDown() override { stack_.reset(); }  // before the failpoints go

  // A shop whose agent reaches its database by the proxy, and gives it up after two seconds of silence.
  void OpenBehindProxy() {
    Open("staging");
    proxy_ = std::make_unique<TcpProxy>(Database("staging").cluster().port());
    stack_->AgentOf("staging").Stop();
    stack_->StartAgent("staging",
                       {{"DATABASE_URL", proxy_->InFrontOf(Database("staging").OwnerUrl()) +
                                             "?tcp_user_timeout=2000"}});
    stack_->AwaitAgent("staging");
    before_ = Contents("staging");
  }
  // A run that has come to the failpoint and stands there. Its id.
  std::string RunTo(const std::string& failpoint) {
    plan_ = stack_->Plan("alice", Blueprint(), "staging");
    failpoints_.Arm(failpoint);
    client_ = StartRun(plan_);
    failpoints_.AwaitAt(failpoint);
    return OnlyRun();
  }
  std::string RunToTheGate(TestConnection* gate) {
    plan_ = stack_->Plan("alice", Gated(), "staging");
    *gate = CloseGate();
    client_ = StartRun(plan_);
    AwaitAtGate();
    return OnlyRun();
  }
  std::string SessionsOfTheAgent() {
    return Database("staging").Scalar(
        "select count(*) from pg_stat_activity where application_name = 'resetctl-agent' and "
        "datname = current_database()");
  }
  void ExpectNothingChanged() {
    EXPECT_EQ(Contents("staging"), before_);
    EXPECT_EQ(Redis("staging").Call({"DBSIZE"}), "20");
    EXPECT_EQ(StateOfPlan(plan_), "PLAN_STATE_APPROVED");
  }
  // What the black hole has left in the server is in nobody's way.
  void ExpectThatItCanBeRunAgain() {
    const Said said = As("alice", {"run", plan_});
    EXPECT_EQ(said.exit_code, 0) << said.both();
    Await("the server to be rid of the sessions", [&] { return SessionsOfTheAgent() == "0"; });
  }
  bool InLedger(const std::string& run) {
    return Database("staging").Scalar("select count(*) from resetctl.ledger where run = '" + run +
                                      "'") == "1";
  }
  void ExpectCommittedOnce(const std::string& run) {
    AwaitState(run, "RUN_STATE_SUCCEEDED");
    EXPECT_EQ(EndOf(*client_), 0);
    EXPECT_TRUE(InLedger(run));
    EXPECT_EQ(Database("staging").Scalar("select count(*) from users"), "1");
    EXPECT_EQ(Redis("staging").Call({"EXISTS", "session:0"}), "0");
    EXPECT_EQ(StateOfPlan(plan_), "PLAN_STATE_CONSUMED");
  }

  Failpoints failpoints_;
  std::unique_ptr<TcpProxy> proxy_;
  std::string before_;
  std::string plan_;
  std::unique_ptr<Daemon> client_;
};

TEST_F(BlackHoleTest, ARunBeforeItsCommitIsGivenUpAndHasChangedNothing) {
  OpenBehindProxy();
  const std::string run = RunTo("agent.recheck.done");
  proxy_->BlackHole();
  failpoints_.Go("agent.recheck.done");
  AwaitState(run, "RUN_STATE_ROLLED_BACK");
  EXPECT_EQ(EndOf(*client_), 5);
  const std::string shown = As("alice", {"show", run, "-o", "json"}).out;
  EXPECT_NE(shown.find("no answer and no sign of life"), std::string::npos) << shown;
  proxy_->Restore();
  ExpectNothingChanged();
  ExpectThatItCanBeRunAgain();
}

// The server works on, and would for an hour: nobody has told it. Its locks are in the application's way.
TEST_F(BlackHoleTest, DuringAStatementThatGoesOnTheRunIsGivenUpAndItsBackendEndedByItself) {
  OpenBehindProxy();
  TestConnection gate = Database("staging").Connect("gate");
  const std::string run = RunToTheGate(&gate);
  proxy_->BlackHole();
  AwaitState(run, "RUN_STATE_ROLLED_BACK");
  EXPECT_EQ(EndOf(*client_), 5);
  EXPECT_TRUE(SomebodyIsAtTheGate()) << "the server has noticed by itself";
  proxy_->Restore();
  Await("the backend to be ended", [&] { return !SomebodyIsAtTheGate(); });
  OpenGate(gate);
  ExpectNothingChanged();
  ExpectThatItCanBeRunAgain();
}

// Other than a look at the clock, one at the server tells a long statement from a lost one.
TEST_F(BlackHoleTest, ALongStatementIsNotGivenUp) {
  OpenBehindProxy();
  TestConnection gate = Database("staging").Connect("gate");
  const std::string run = RunToTheGate(&gate);
  AwaitLooks(9);  // four in the time of the silence
  EXPECT_EQ(StateOf(run), "RUN_STATE_RUNNING");
  OpenGate(gate);
  ExpectCommittedOnce(run);
}

TEST_F(BlackHoleTest, ACommitThatIsSwallowedIsRolledBackAsTheLedgerSays) {
  OpenBehindProxy();
  const std::string run = RunTo("agent.commit.before");
  proxy_->BlackHole();
  failpoints_.Go("agent.commit.before");
  AwaitState(run, "RUN_STATE_UNKNOWN");
  EXPECT_FALSE(InLedger(run));
  EXPECT_EQ(Redis("staging").Call({"DBSIZE"}), "20") << "flushed before the commit was known";
  proxy_->Restore();
  AwaitState(run, "RUN_STATE_ROLLED_BACK");
  EXPECT_EQ(EndOf(*client_), 5);
  ExpectNothingChanged();
  ExpectThatItCanBeRunAgain();
}

TEST_F(BlackHoleTest, ACommitWhoseAnswerIsSwallowedIsCommittedAsTheLedgerSays) {
  OpenBehindProxy();
  const std::string run = RunTo("agent.commit.before");
  proxy_->SwallowAnswers();
  failpoints_.Go("agent.commit.before");
  AwaitState(run, "RUN_STATE_UNKNOWN");
  EXPECT_TRUE(InLedger(run));
  EXPECT_EQ(Redis("staging").Call({"DBSIZE"}), "20") << "flushed before the commit was known";
  proxy_->Restore();
  ExpectCommittedOnce(run);
}

// Only the run's own connection is lost: others come through, and see that its backend waits.
TEST_F(BlackHoleTest, WhereOthersComeThroughTheBackendIsEndedAtOnce) {
  OpenBehindProxy();
  const std::string run = RunTo("agent.commit.before");
  proxy_->BlackHole();
  proxy_->Restore();
  failpoints_.Go("agent.commit.before");
  AwaitState(run, "RUN_STATE_ROLLED_BACK");
  EXPECT_EQ(EndOf(*client_), 5);
  ExpectNothingChanged();
  ExpectThatItCanBeRunAgain();
}

TEST_F(BlackHoleTest, BetweenClaimAndResetTheRunEndsAndHasChangedNothing) {
  OpenBehindProxy();
  const std::string run = RunTo("agent.reset.begin");
  proxy_->BlackHole();
  failpoints_.Go("agent.reset.begin");
  AwaitState(run, "RUN_STATE_ROLLED_BACK");
  EXPECT_EQ(EndOf(*client_), 5);
  proxy_->Restore();
  ExpectNothingChanged();
  ExpectThatItCanBeRunAgain();
}

TEST_F(BlackHoleTest, InTheMomentOfTheClaimTheRunIsRefused) {
  OpenBehindProxy();
  const std::string run = RunTo("agent.claim.commit.before");
  proxy_->BlackHole();
  failpoints_.Go("agent.claim.commit.before");
  AwaitState(run, "RUN_STATE_REFUSED");
  EXPECT_EQ(EndOf(*client_), 5);
  proxy_->Restore();
  ExpectNothingChanged();
  ExpectThatItCanBeRunAgain();
}

TEST_F(BlackHoleTest, APlanThatIsBeingMadeIsRefusedAndTheNextOneIsMade) {
  OpenBehindProxy();
  TestConnection other = Database("staging").Connect("other");
  other.Execute("begin; lock table items in access exclusive mode");
  log_ = stack_->folder() + "/plan.log";
  client_ = stack_->InBackground("alice", {"plan", Blueprint(), "--env", "staging"}, log_);
  Await("the plan to wait for the table", [&] {
    return Database("staging").Scalar(
               "select count(*) from pg_locks where not granted and relation = "
               "'items'::regclass") != "0";
  });
  proxy_->BlackHole();
  EXPECT_EQ(EndOf(*client_), 5);
  other.Execute("rollback");
  proxy_->Restore();
  stack_->Plan("alice", Blueprint(), "staging");
}

TEST_F(BlackHoleTest, ACancelDoesNotWaitForTheServer) {
  OpenBehindProxy();
  TestConnection gate = Database("staging").Connect("gate");
  const std::string run = RunToTheGate(&gate);
  proxy_->BlackHole();
  EXPECT_EQ(As("alice", {"cancel", run}).exit_code, 7) << "a request was reported as an outcome";
  AwaitState(run, "RUN_STATE_CANCELLED");
  EXPECT_EQ(EndOf(*client_), 8);
  proxy_->Restore();
  OpenGate(gate);
  ExpectNothingChanged();
  ExpectThatItCanBeRunAgain();
}

}  // namespace
}  // namespace resetctl::support

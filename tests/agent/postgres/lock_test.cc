#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"
#include "tests/support/await.h"

namespace resetctl::agent {
namespace {

using ::testing::HasSubstr;

class LockTest : public ::testing::Test {
 protected:
  LockTest() { it.rules.blockers_give_up_after = absl::Seconds(3); }
  ResetScenario it;
};

class LockedNeverAgainTest : public LockTest {};

// "the application held one row lock: 60 s stall holding ACCESS EXCLUSIVE on the earlier tables, a reader waited 54 s"
TEST_F(LockedNeverAgainTest, NamesTheBlockerAndChangesNothing) {
  support::TestConnection application = it.db.Connect("the shop");
  application.Execute("begin; select * from users where id = 1 for update");
  it.Plan();
  const auto before = it.Checksums();
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_LOCK_TIMEOUT);
  EXPECT_THAT(outcome.problem.message(),
              HasSubstr(absl::StrCat("pid ", application.backend_pid())));
  EXPECT_THAT(outcome.problem.message(), HasSubstr("the shop"));
  EXPECT_THAT(outcome.problem.message(), HasSubstr("idle in transaction"));
  application.Execute("rollback");
  EXPECT_EQ(it.Checksums(), before);
  // The server lets go when it has seen that the session is over.
  EXPECT_TRUE(support::ComesAbout([this] {
    return it.db.Scalar(
               "select count(*) from pg_locks l join pg_database d on d.oid = l.database "
               "where d.datname = current_database() and l.mode = 'ExclusiveLock'") == "0";
  }));
}

TEST(PreparedTransactionTest, IsNamedAsTheBlocker) {
  support::PostgresCluster::Options options;
  options.settings = {"max_prepared_transactions=5"};
  support::PostgresCluster cluster(options);
  ResetScenario it(cluster);
  it.rules.blockers_give_up_after = absl::Seconds(3);
  it.Plan();
  support::TestConnection application = it.db.Connect("the shop");
  application.Execute("begin");
  application.Execute("insert into users (name) values ('x')");
  application.Execute("prepare transaction 'forgotten'");
  const ResetOutcome outcome = it.Run();
  application.Execute("rollback prepared 'forgotten'");
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_LOCK_TIMEOUT);
  EXPECT_THAT(outcome.problem.message(), HasSubstr("forgotten"));
}

TEST_F(LockTest, EndsAnIdleTransactionWhereTheRulesAllowIt) {
  it.rules.blockers_action = contract::BlockerAction::kTerminateIdle;
  it.rules.blockers_give_up_after = absl::Seconds(20);
  support::TestConnection application = it.db.Connect("the shop");
  application.Execute("begin; insert into users (name) values ('x')");
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  ASSERT_GE(outcome.result.warnings_size(), 1);
  EXPECT_THAT(outcome.result.warnings(0).message(), HasSubstr("the shop"));
  EXPECT_EQ(
      it.db.Scalar("select count(*) from pg_stat_activity where application_name = 'the shop' "
                   "and datname = current_database()"),
      "0");
}

TEST_F(LockTest, GoesOnWhenTheBlockerIsDone) {
  it.rules.blockers_give_up_after = absl::Seconds(30);
  support::TestConnection application = it.db.Connect();
  application.Execute("begin; insert into users (name) values ('x')");
  int retries = 0;
  it.observer.on_step = [&](const StepNote& note) {
    // After the first failed attempt nothing is held: a reader gets through at once.
    if (note.step != v1::STEP_KIND_LOCK || note.kind != v1::EVENT_KIND_PROGRESS) return;
    if (++retries > 1) return;
    it.db.Execute(
        "set statement_timeout = '5s'; select count(*) from users; reset statement_timeout");
    application.Execute("commit");
  };
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_GE(retries, 1);
  EXPECT_EQ(outcome.result.rows_cleared(), 201);
}

TEST_F(LockTest, EndsNobodyBeforeAFirstAttemptHasFailed) {
  it.rules.blockers_action = contract::BlockerAction::kTerminate;
  it.rules.blockers_give_up_after = absl::Seconds(30);
  support::TestConnection application = it.db.Connect();
  application.Execute("begin; insert into users (name) values ('x')");
  bool done = false;
  it.observer.on_step = [&](const StepNote& note) {
    if (note.step != v1::STEP_KIND_LOCK || note.kind != v1::EVENT_KIND_PROGRESS || done) return;
    done = true;
    application.Execute("commit");
  };
  const ResetOutcome outcome = it.Run();
  EXPECT_TRUE(done);
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_EQ(outcome.result.warnings_size(), 0);
}

TEST_F(LockTest, IsCancelledWhileItWaits) {
  it.rules.blockers_give_up_after = absl::Minutes(10);
  support::TestConnection application = it.db.Connect();
  application.Execute("begin; insert into users (name) values ('x')");
  it.Plan();
  std::thread other([&] {
    Await(it.db, "select count(*) > 0 from pg_locks where not granted and mode = 'ExclusiveLock'");
    it.target->CancelReset();
  });
  EXPECT_EQ(it.Run().problem.reason(), v1::REASON_CANCELLED);
  other.join();
}

// "two resets at once: deadlock detected in one"
TEST(LockNeverAgainTest, OfTwoResetsAtOnceTheSecondIsRefused) {
  ResetScenario it;
  it.Plan();
  PostgresTarget second(base::Secret(it.db.OwnerUrl()), "staging", "shop");
  absl::Status refusal;
  it.observer.on_step = [&](const StepNote& note) {
    if (note.step != v1::STEP_KIND_CLEAR || note.kind != v1::EVENT_KIND_SUCCEEDED) return;
    refusal = second.Claim({"r-second", it.plan_digest, "nonce-second", "bob"}).status();
  };
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
  EXPECT_EQ(contract::ReasonOf(refusal), v1::REASON_TARGET_BUSY) << refusal;
}

}  // namespace
}  // namespace resetctl::agent

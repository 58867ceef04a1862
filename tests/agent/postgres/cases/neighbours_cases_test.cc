// POSTGRES.md, "Locks and neighbours", and what servers do in the middle of a run: against a real server, as a plain owner.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::HasSubstr;

class NeighboursCases : public ::testing::Test {
 protected:
  NeighboursCases() { it.rules.blockers_give_up_after = absl::Seconds(3); }

  // Once, when a step starts or ends.
  void At(v1::StepKind step, v1::EventKind kind, std::function<void()> what) {
    it.observer.on_step = [step, kind, what = std::move(what),
                           done = false](const StepNote& note) mutable {
      if (done || note.step != step || note.kind != kind) return;
      done = true;
      what();
    };
  }
  ResetScenario it;
};

TEST_F(NeighboursCases, ReadersGoOnReadingWhatIsDeletedFrom) {
  support::TestConnection reader = it.db.Connect();
  reader.Execute("set statement_timeout = '10s'");
  std::string seen;
  At(v1::STEP_KIND_CLEAR, v1::EVENT_KIND_SUCCEEDED,
     [&] { seen = reader.Scalar("select count(*) from users"); });
  const ResetOutcome outcome = it.Run();
  ASSERT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_EQ(seen, "100");
  EXPECT_EQ(outcome.result.readers_waited().nanos() + outcome.result.readers_waited().seconds(), 0);
  EXPECT_GT(outcome.result.writers_waited().nanos(), 0);
}

TEST_F(NeighboursCases, AnOpenReaderIsNoBlockerOfADelete) {
  support::TestConnection reader = it.db.Connect();
  reader.Execute("begin; select count(*) from users; select count(*) from orders");
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_EQ(reader.Scalar("select count(*) from users"), "0");
}

TEST_F(NeighboursCases, TheStrongerLockIsTakenFirstWhereItWillBeNeeded) {
  it.FireOnDelete("orders");
  it.Plan();
  std::string modes;
  At(v1::STEP_KIND_LOCK, v1::EVENT_KIND_SUCCEEDED, [&] {
    modes = it.db.Scalar(
        "select string_agg(c.relname || ' ' || l.mode, ', ' order by c.relname) from pg_locks l "
        "join pg_class c on c.oid = l.relation where c.relname in ('users', 'orders', 'notes') and "
        "l.mode like '%Exclusive%'");
  });
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
  EXPECT_EQ(modes, "orders AccessExclusiveLock, users ExclusiveLock");
}

TEST_F(NeighboursCases, ATableThatVanishesBeforeTheLockMakesThePlanStale) {
  it.Plan();
  At(v1::STEP_KIND_LOCK, v1::EVENT_KIND_STARTED, [&] { it.db.Execute("drop table orders"); });
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_STALE_SCHEMA);
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "100");
}

TEST_F(NeighboursCases, AColumnThatComesBetweenTheCountAndTheLockIsSeenUnderIt) {
  it.Plan();
  At(v1::STEP_KIND_LOCK, v1::EVENT_KIND_STARTED,
     [&] { it.db.Execute("alter table orders add colour text"); });
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_STALE_SCHEMA);
  EXPECT_THAT(outcome.problem.message(), HasSubstr("colour"));
}

TEST_F(NeighboursCases, RowsThatComeBetweenTheCountAndTheLockAreCountedUnderIt) {
  it.rules.row_growth_percent = 5;
  it.rules.row_growth_rows = 1000;
  it.Plan();
  At(v1::STEP_KIND_LOCK, v1::EVENT_KIND_STARTED, [&] {
    it.db.Execute("insert into users (name) select 'x' || i from generate_series(1, 5000) i");
  });
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_STALE_ROWS);
  EXPECT_THAT(outcome.problem.message(), HasSubstr("had 100 rows, now 5,100"));
}

TEST_F(NeighboursCases, AStrangersBlockerIsNamedWithTheGrantThatWouldTellMore) {
  const std::string role = it.db.CreateRole("app");
  it.db.Execute("grant select, update on users to " + role);
  it.Plan();
  support::TestConnection stranger(it.db.UrlFor(role), "the shop");
  stranger.Execute("begin; select * from users where id = 1 for update");
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_LOCK_TIMEOUT);
  EXPECT_THAT(outcome.problem.message(), HasSubstr(role));
  EXPECT_THAT(outcome.problem.advice(), HasSubstr("grant pg_read_all_stats"));
}

TEST_F(NeighboursCases, AStatementThatAnAdministratorCancelsRollsBack) {
  it.Sql("select pg_cancel_backend(pg_backend_pid()), pg_sleep(10)");
  it.Plan();
  const auto before = it.Checksums();
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
  EXPECT_THAT(outcome.problem.message(), HasSubstr("cancelled on the server"));
  EXPECT_EQ(it.Checksums(), before);
}

TEST_F(NeighboursCases, AServerThatIsShutDownInTheMiddleHasItsOldRowsWhenItIsBack) {
  support::PostgresCluster cluster;
  ResetScenario here(cluster);
  here.Plan();
  here.observer.on_step = [&](const StepNote& note) {
    if (note.step == v1::STEP_KIND_CLEAR && note.kind == v1::EVENT_KIND_SUCCEEDED) {
      cluster.StopGracefully();
    }
  };
  const ResetOutcome outcome = here.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kRolledBack) << outcome.problem.ShortDebugString();
  cluster.Start();
  support::TestConnection witness(here.db.SuperuserUrl());
  EXPECT_EQ(witness.Scalar("select count(*) from users"), "100");
}

TEST_F(NeighboursCases, APublishedTableIsAWarningAndASubscriptionARefusal) {
  it.db.ExecuteAsSuperuser("create publication p for table users");
  it.Plan();
  ASSERT_EQ(it.plan.warnings_size(), 1);
  EXPECT_THAT(it.plan.warnings(0).message(), HasSubstr("published (p)"));
  it.db.ExecuteAsSuperuser(
      "create subscription s connection 'dbname=nowhere' publication p with (connect = false)");
  EXPECT_THAT(it.Problems(), testing::Contains(HasSubstr("UNSUPPORTED_RELATION s")));
  it.db.ExecuteAsSuperuser("alter subscription s set (slot_name = none); drop subscription s");
}

TEST_F(NeighboursCases, LargeTablesAreCountedFromOneSnapshotOnSeveralConnections) {
  it.target = std::make_unique<PostgresTarget>(base::Secret(it.db.OwnerUrl()), "staging", "shop",
                                               CountOptions{3, 1 << 30, 0});
  it.db.Execute(
      "create table big (id int); insert into big select generate_series(1, 300000);"
      "create table other (id int); insert into other select generate_series(1, 200000)");
  it.Clear("[users, orders, big, other]").Plan();
  EXPECT_EQ(it.plan.rows_total(), 500200);
  EXPECT_FALSE(it.plan.groups(0).tables(0).estimated());
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
}

TEST_F(NeighboursCases, AVeryLargeTableIsEstimatedAndSaysSo) {
  it.target = std::make_unique<PostgresTarget>(base::Secret(it.db.OwnerUrl()), "staging", "shop",
                                               CountOptions{1, 1 << 20, 1 << 30});
  it.db.Execute("create table big (id int); insert into big select generate_series(1, 300000)");
  it.Clear("[users, orders, big]").Plan();
  const v1::ClearTable& big = it.plan.groups(0).tables(0);
  EXPECT_TRUE(big.estimated());
  EXPECT_NEAR(static_cast<double>(big.rows()), 300000, 30000);
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
  EXPECT_EQ(it.db.Scalar("select count(*) from big"), "0");
}

}  // namespace
}  // namespace resetctl::agent

// POSTGRES.md, "How to clear": one test a row, against a real server, as a plain owner.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::HasSubstr;

class HowToClearCases : public ::testing::Test {
 protected:
  std::string FileNode(const std::string& relation) {
    return it.db.Scalar("select pg_relation_filenode('" + relation + "')");
  }
  ResetScenario it;
};

TEST_F(HowToClearCases, AHeapOfZeroBlocksIsNotTouched) {
  it.db.Execute("create table empty (id serial primary key, name text)");
  it.Clear("[users, orders, empty]").Plan();
  EXPECT_EQ(it.Strategy("empty"), "untouched: empty");
  const std::string table = FileNode("empty"), sequence = FileNode("empty_id_seq");
  it.ExpectCommitted();
  EXPECT_EQ(FileNode("empty"), table);
  EXPECT_EQ(FileNode("empty_id_seq"), sequence);
}

TEST_F(HowToClearCases, TheSequenceOfAnEmptyTableIsRestartedIfItHasMoved) {
  it.db.Execute("create table empty (id serial primary key); select nextval('empty_id_seq')");
  it.Clear("[users, orders, empty]");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select last_value || ' ' || is_called from empty_id_seq"), "1 false");
}

TEST_F(HowToClearCases, ATableThatFillsBetweenPlanAndLockIsDeletedFrom) {
  it.db.Execute("create table empty (id int)");
  it.Clear("[users, orders, empty]").Plan();
  it.db.Execute("insert into empty values (1), (2)");
  const ResetOutcome outcome = it.ExpectCommitted();
  EXPECT_EQ(it.Count("empty"), "0");
  EXPECT_EQ(outcome.result.rows_cleared(), 202);
  EXPECT_EQ(outcome.result.tables_deleted(), 3);
}

TEST_F(HowToClearCases, ALargeHeapIsTruncated) {
  it.db.Execute(
      "create table big (id int, pad text); insert into big select i, repeat('x', 500) from "
      "generate_series(1, 12000) i");
  it.Clear("[users, orders, big]").Plan();
  EXPECT_EQ(it.Strategy("big"), "truncate: large");
  const ResetOutcome outcome = it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select pg_relation_size('big')"), "0");
  EXPECT_EQ(outcome.result.largest(0).method(), v1::CLEAR_METHOD_TRUNCATED);
  EXPECT_EQ(outcome.result.tables_truncated(), 1);
}

TEST_F(HowToClearCases, ManyParentsBehindAForeignKeyWithoutAnIndexAreTruncated) {
  it.db.Execute("insert into users (name) select 'more ' || i from generate_series(1, 400) i");
  it.Plan();
  EXPECT_EQ(it.Strategy("users"), "truncate: referenced by orders without an index");
  EXPECT_EQ(it.Strategy("orders"), "truncate: references users, which is truncated");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("users"), "0");
}

TEST_F(HowToClearCases, DeleteTriggersRulesAndAMissingReplicaIdentityMeanTruncate) {
  it.FireOnDelete("orders");
  it.db.Execute(R"(
    create table ruled (id int); insert into ruled values (1);
    create rule keep as on delete to ruled do instead nothing;
    create table published (id int); insert into published values (1))");
  it.db.ExecuteAsSuperuser("create publication all_of_it for table published");
  it.Clear("[users, orders, ruled, published]").Plan();
  EXPECT_EQ(it.Strategy("orders"), "truncate: trigger on_delete fires on DELETE");
  EXPECT_EQ(it.Strategy("ruled"), "truncate: a rule rewrites DELETE");
  EXPECT_EQ(it.Strategy("published"), "truncate: published without a replica identity");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("ruled") + it.Count("published"), "00");
}

TEST_F(HowToClearCases, WhatATruncatedTablesClosureWouldTakeFromTheKeptIsRefused) {
  // To truncate users takes orders with it, and orders is not to be truncated for the sake of notes.
  it.db.Execute("alter table notes add order_id int references orders");
  it.FireOnDelete("users").Postgres("kept_references: when_null");
  const std::vector<v1::Problem> problems = it.WholeProblems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].reason(), v1::REASON_KEPT_REFERENCES_CLEARED);
  EXPECT_THAT(problems[0].objects(), testing::ElementsAre("users"));
  EXPECT_EQ(problems[0].message(),
            "users can neither be truncated (referenced by orders, which cannot be truncated) nor "
            "deleted from (trigger on_delete fires on DELETE).");
}

TEST_F(HowToClearCases, TruncateComesBeforeDeleteForTheSakeOfDeferredConstraints) {
  it.db.Execute(R"(
    alter table orders drop constraint orders_user_id_fkey;
    alter table orders add foreign key (user_id) references users on delete cascade;
    create function f() returns trigger language plpgsql as $$ begin return null; end $$;
    create constraint trigger t after delete on orders deferrable initially deferred
      for each row execute function f())");
  // The other way round the cascade queues events on orders, and they cannot be truncated any more.
  support::TestConnection other_way_round = it.db.Connect();
  other_way_round.Execute("begin; delete from users");
  EXPECT_EQ(other_way_round.ErrorOf("truncate orders"), "55006");
  other_way_round.Execute("rollback");
  it.Plan();
  EXPECT_EQ(it.Strategy("orders"), "truncate: trigger t fires on DELETE");
  EXPECT_EQ(it.Strategy("users"), "delete: small");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("users") + it.Count("orders"), "00");
}

TEST_F(HowToClearCases, ThePlanForecastsWalAndWhatIsLeftForVacuum) {
  it.Plan();
  const v1::ClearForecast& forecast = it.plan.forecast();
  EXPECT_EQ(forecast.deleted(), 2);
  EXPECT_EQ(forecast.truncated(), 0);
  EXPECT_GT(forecast.wal_bytes(), 200 * 60);
  EXPECT_EQ(forecast.dead_bytes(), it.plan.bytes_total());
}

TEST_F(HowToClearCases, LocksStayWithinTheForecast) {
  it.db.Execute(R"(do $$ begin for i in 1..20 loop
      execute format('create table t%s (id serial primary key, name text)', i);
      execute format('create index on t%s (name)', i);
      execute format('insert into t%s (name) values (''x'')', i); end loop; end $$)");
  it.FireOnDelete("t1");
  it.Clear("[users, orders, 't*']").Plan();
  int64_t held = 0;
  it.observer.about_to_commit = [&](const CommitFacts& facts) {
    EXPECT_TRUE(absl::SimpleAtoi(
        it.db.Scalar(absl::StrCat("select count(*) from pg_locks where locktype = 'relation' and "
                                  "not fastpath and mode in ('ExclusiveLock', "
                                  "'AccessExclusiveLock', 'ShareRowExclusiveLock') and pid = ",
                                  facts.backend_pid)),
        &held));
    return absl::OkStatus();
  };
  it.ExpectCommitted();
  EXPECT_GT(held, 22);
  EXPECT_LE(held, it.plan.forecast().lock_entries());
  EXPECT_GT(it.plan.forecast().lock_room(), it.plan.forecast().lock_entries());
}

}  // namespace
}  // namespace resetctl::agent

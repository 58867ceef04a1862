// POSTGRES.md, "Locks and neighbours": partitions that come between the plan and the run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::HasSubstr;

class PartitionsCases : public ::testing::Test {
 protected:
  PartitionsCases() {
    it.db.Execute(R"(
      create table events (id int, at int) partition by range (at);
      create table events_1 partition of events for values from (0) to (10);
      insert into events values (1, 1);
      create table events_2 (id int, at int); insert into events_2 values (2, 12))");
    // A table that will be a partition is none yet.
    it.Clear("[users, orders, events]").Keep("[notes, events_2]");
  }
  // What `sql` adds makes the plan stale; `name` is what the refusal tells.
  void ExpectStaleAfter(const std::string& sql, const std::string& name) {
    it.Plan();
    it.db.Execute(sql);
    const auto before = it.Checksums();
    const ResetOutcome outcome = it.Run();
    EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
    EXPECT_EQ(outcome.problem.reason(), v1::REASON_STALE_SCHEMA)
        << outcome.problem.ShortDebugString();
    EXPECT_THAT(outcome.problem.message(), HasSubstr(name));
    EXPECT_EQ(it.Checksums(), before);
  }
  ResetScenario it;
};

constexpr char kNewPartition[] =
    "create table events_3 partition of events for values from (20) to (30);"
    "insert into events values (3, 23)";

TEST_F(PartitionsCases, ANewPartitionIsNoDriftAndClearedWithItsTree) {
  it.Plan();
  it.db.Execute(kNewPartition);
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_EQ(outcome.result.rows_cleared(), 202);
  EXPECT_EQ(it.Count("events") + it.Count("events_3"), "00");
  EXPECT_EQ(it.Count("events_2"), "1");
}

TEST_F(PartitionsCases, ANewPartitionWithAForeignKeyOfItsOwnMakesThePlanStale) {
  ExpectStaleAfter(std::string(kNewPartition) +
                       "; delete from events_3; alter table events_3 add constraint mine "
                       "foreign key (id) references users",
                   "public.events_3 constraint mine");
}

TEST_F(PartitionsCases, ANewPartitionWithATriggerOfItsOwnMakesThePlanStale) {
  ExpectStaleAfter(
      std::string(kNewPartition) +
          "; create function f() returns trigger language plpgsql as $$ begin return null; end $$;"
          "create trigger mine after delete on events_3 execute function f()",
      "public.events_3 trigger mine");
}

TEST_F(PartitionsCases, ANewForeignPartitionMakesThePlanStale) {
  it.db.ExecuteAsSuperuser(
      "create extension postgres_fdw; create server far foreign data wrapper postgres_fdw; "
      "grant usage on foreign server far to " +
      it.db.owner());
  ExpectStaleAfter(
      "create foreign table events_far partition of events for values from (20) to (30) server far",
      "public.events_far");
}

TEST_F(PartitionsCases, AKeptTableThatBecomesAPartitionMakesThePlanStale) {
  ExpectStaleAfter("alter table events attach partition events_2 for values from (10) to (20)",
                   "public.events_2");
}

}  // namespace
}  // namespace resetctl::agent

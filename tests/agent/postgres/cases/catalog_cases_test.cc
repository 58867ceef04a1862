// What the catalog says that is easily misread (POSTGRES.md, "Which tables", "How to clear", "Locks and neighbours").

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using testing::HasSubstr;

class CatalogCases : public testing::Test {
 protected:
  ResetScenario it;
};

TEST_F(CatalogCases, ADeferrablePrimaryKeyIsNoReplicaIdentity) {
  it.db.Execute(
      "create table letters (id int primary key deferrable);"
      "insert into letters select generate_series(1, 10)");
  it.db.ExecuteAsSuperuser("create publication p for table letters");
  it.Clear("[users, orders, letters]").Plan();
  EXPECT_EQ(it.Strategy("letters"), "truncate: published without a replica identity");
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
}

TEST_F(CatalogCases, AReplicaIdentityWhoseIndexWasDroppedIsNone) {
  it.db.Execute(
      "create table letters (id int not null); create unique index letters_id on letters (id);"
      "alter table letters replica identity using index letters_id; drop index letters_id;"
      "insert into letters select generate_series(1, 10)");
  it.db.ExecuteAsSuperuser("create publication p for table letters");
  it.Clear("[users, orders, letters]").Plan();
  EXPECT_EQ(it.Strategy("letters"), "truncate: published without a replica identity");
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
}

TEST_F(CatalogCases, APartitionOfATreePublishedByItsRootNeedsAnIdentityOfItsOwn) {
  it.db.Execute(
      "create table letters (id int) partition by range (id);"
      "create table letters_1 partition of letters for values from (0) to (100);"
      "alter table letters replica identity full;"
      "insert into letters select generate_series(1, 10)");
  it.db.ExecuteAsSuperuser(
      "create publication p for table letters with (publish_via_partition_root = true)");
  it.Clear("[users, orders, letters]").Plan();
  EXPECT_EQ(it.Strategy("letters"), "truncate: published without a replica identity");
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
}

TEST_F(CatalogCases, APublicationMadeAfterThePlanIsDrift) {
  it.Plan();
  it.db.ExecuteAsSuperuser("create publication p for table users");
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_STALE_SCHEMA);
  EXPECT_THAT(outcome.problem.message(), HasSubstr("public.users published by p"));
}

TEST_F(CatalogCases, APublicationThatBeginsToHandOnTruncatesIsDrift) {
  it.db.ExecuteAsSuperuser("create publication p for table users with (publish = 'insert')");
  it.Plan();
  it.db.ExecuteAsSuperuser("alter publication p set (publish = 'insert, delete, truncate')");
  EXPECT_EQ(it.Run().problem.reason(), v1::REASON_STALE_SCHEMA);
}

TEST_F(CatalogCases, ADefaultOfAViewNumbersNoRows) {
  it.db.Execute(
      "create sequence numbers; create table letters (id int default nextval('numbers'));"
      "insert into letters default values; create view kept_view as select 1 as id;"
      "alter view kept_view alter id set default nextval('numbers')");
  it.Clear("[users, orders, letters]").Plan();
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
  support::TestConnection witness(it.db.SuperuserUrl());
  EXPECT_EQ(witness.Scalar("select is_called from numbers"), "f");
}

// TRUNCATE would give it new files and fire its TRUNCATE triggers.
TEST_F(CatalogCases, AnEmptyTableIsLeftAloneWhateverFiresOnDelete) {
  it.db.Execute(
      "create table trail (id int);"
      "create function refuse() returns trigger language plpgsql as "
      "$$ begin raise 'truncated'; end $$;"
      "create trigger t before truncate on trail execute function refuse()");
  it.FireOnDelete("trail").Clear("[users, orders, trail]").Plan();
  const ResetOutcome outcome = it.Run();
  ASSERT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.message();
  EXPECT_EQ(outcome.result.tables_untouched(), 1);
  EXPECT_EQ(outcome.result.tables_truncated(), 0);
  // It was locked to be truncated, should it not have been empty.
  EXPECT_EQ(outcome.result.tables_closed(), 1);
  EXPECT_TRUE(outcome.result.readers_waited().seconds() > 0 ||
              outcome.result.readers_waited().nanos() > 0);
}

TEST_F(CatalogCases, LargeObjectsThatHiddenRowsMayNameAreNotRemoved) {
  it.db.ExecuteAsSuperuser(
      "create extension lo; create schema other; create table other.scans (body lo)");
  it.db.Execute("create table letters (body lo)");
  it.Clear("[users, orders, letters]");
  EXPECT_THAT(it.Problems(), testing::Contains(HasSubstr("PRIVILEGE_MISSING other.scans")));
}

}  // namespace
}  // namespace resetctl::agent

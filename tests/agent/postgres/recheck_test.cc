#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RecheckTest : public ::testing::Test {
 protected:
  RecheckTest() { it.Plan(); }
  v1::Problem ExpectStale(v1::Reason reason) {
    const auto before = it.Checksums();
    const ResetOutcome outcome = it.Run();
    EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
    EXPECT_EQ(outcome.problem.reason(), reason) << outcome.problem.ShortDebugString();
    EXPECT_EQ(it.Checksums(), before);
    return outcome.problem;
  }
  ResetScenario it;
};

TEST_F(RecheckTest, AColumnAddedSinceThePlanIsNamed) {
  it.db.Execute("alter table users add column nickname text");
  EXPECT_THAT(ExpectStale(v1::REASON_STALE_SCHEMA).message(), HasSubstr("nickname"));
}

TEST_F(RecheckTest, ATableAddedSinceThePlanIsNamed) {
  it.db.Execute("create table visitors (id int)");
  EXPECT_THAT(ExpectStale(v1::REASON_STALE_SCHEMA).message(), HasSubstr("visitors"));
}

TEST_F(RecheckTest, ATableDroppedSinceThePlanIsNamed) {
  it.db.Execute("drop table orders");
  EXPECT_THAT(ExpectStale(v1::REASON_STALE_SCHEMA).message(), HasSubstr("orders"));
}

TEST_F(RecheckTest, ATableMadeAnewIsNotTheOnePlanned) {
  it.db.Execute(
      "create table copy (like orders including all); "
      "alter table copy add constraint orders_user_id_fkey foreign key (user_id) references users; "
      "alter sequence orders_id_seq owned by copy.id; drop table orders; "
      "alter table copy rename to orders; alter index copy_pkey rename to orders_pkey");
  ExpectStale(v1::REASON_STALE_SCHEMA);
}

TEST_F(RecheckTest, AColumnAddedWhileItWaitsForLocksIsSeenUnderThem) {
  it.rules.blockers_give_up_after = absl::Seconds(60);
  support::TestConnection migration = it.db.Connect("migration");
  migration.Execute("begin; lock table users in share mode");
  bool done = false;
  it.observer.on_step = [&](const StepNote& note) {
    if (note.step != v1::STEP_KIND_LOCK || note.kind != v1::EVENT_KIND_PROGRESS || done) return;
    done = true;
    migration.Execute("alter table users add column nickname text; commit");
  };
  const ResetOutcome outcome = it.Run();
  EXPECT_TRUE(done);
  EXPECT_EQ(outcome.problem.reason(), v1::REASON_STALE_SCHEMA)
      << outcome.problem.ShortDebugString();
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "100");
}

TEST_F(RecheckTest, ADatabaseClosedToWritesSinceThePlanIsLeftAlone) {
  it.db.ExecuteAsSuperuser("alter database " + it.db.name() +
                           " set default_transaction_read_only = on");
  ExpectStale(v1::REASON_DATABASE_READ_ONLY);
}

TEST_F(RecheckTest, RowsAreStaleOnlyWhenPercentAndNumberAreBothExceeded) {
  it.rules.row_growth_percent = 5;
  it.rules.row_growth_rows = 10;
  it.db.Execute("insert into users (name) select 'more ' || i from generate_series(1, 11) i");
  const v1::Problem problem = ExpectStale(v1::REASON_STALE_ROWS);
  EXPECT_THAT(problem.message(), AllOf(HasSubstr("users"), HasSubstr("100"), HasSubstr("111")));
}

TEST_F(RecheckTest, ManyPercentOfFewRowsAreFine) {
  it.rules.row_growth_percent = 5;
  it.rules.row_growth_rows = 11;
  it.db.Execute("insert into users (name) select 'more ' || i from generate_series(1, 11) i");
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
}

TEST_F(RecheckTest, ManyRowsOfFewPercentAreFine) {
  it.rules.row_growth_percent = 11;
  it.rules.row_growth_rows = 1;
  it.db.Execute("insert into users (name) select 'more ' || i from generate_series(1, 11) i");
  EXPECT_EQ(it.Run().end, ResetEnd::kCommitted);
}

TEST_F(RecheckTest, AnotherDatabaseIsRefusedByIdentity) {
  it.plan.mutable_database()->set_database_oid(1);
  ExpectStale(v1::REASON_STALE_IDENTITY);
}

TEST_F(RecheckTest, AnotherMarkerIsRefused) {
  it.plan.mutable_database()->set_marker("00000000-0000-0000-0000-000000000000");
  ExpectStale(v1::REASON_STALE_IDENTITY);
}

}  // namespace
}  // namespace resetctl::agent

// POSTGRES.md, "How to clear": the table of 200 and 1,000 tables. What is done to how many of them, not how long it takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

// Tables t1, t2, ... as in the measurement: a serial key, an index on a text column, one foreign key per five tables. Beside
// them the scenario's own users and orders, which hold rows and are deleted from.
class ManyTablesCases : public ::testing::Test {
 protected:
  void Make(int tables) {
    it.db.Execute(absl::StrCat("do $$ begin for i in 1..", tables, R"( loop
        execute format('create table t%s (id serial primary key, name text, other int)', i);
        execute format('create index on t%s (name)', i);
        if i % 5 = 0 then
          execute format('alter table t%s add foreign key (other) references t%s', i, i - 1);
        end if;
      end loop; end $$)"));
    it.Clear("[users, orders, 't*']");
  }
  // Each `every`th one of the tables.
  void Fill(int tables, int every, int rows) {
    it.db.Execute(absl::StrCat("do $$ begin for i in 1..", tables / every,
                               " loop execute format('insert ",
                               "into t%s (name) select ''row '' || n from generate_series(1, ",
                               rows, ") n', i * ", every, "); end loop; end $$"));
  }
  void ExpectCleared(int untouched, int deleted, int truncated, int64_t rows) {
    it.Plan();
    EXPECT_EQ(it.plan.forecast().deleted(), deleted);
    EXPECT_EQ(it.plan.forecast().truncated(), truncated);
    const ResetOutcome outcome = it.Run();
    ASSERT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
    EXPECT_EQ(outcome.result.tables_untouched(), untouched);
    EXPECT_EQ(outcome.result.tables_deleted(), deleted);
    EXPECT_EQ(outcome.result.tables_truncated(), truncated);
    EXPECT_EQ(outcome.result.rows_cleared(), rows);
    EXPECT_EQ(HeldRows(), "0");
  }
  std::string HeldRows() {
    return it.db.Scalar(
        "select coalesce(sum((xpath('/row/c/text()', query_to_xml(format('select count(*) as c "
        "from %s', oid::regclass), false, true, '')))[1]::text::int), 0) from pg_class "
        "where relkind = 'r' and relname ~ '^(t[0-9]+|users|orders)$' and pg_relation_size(oid) > "
        "0");
  }
  ResetScenario it;
};

TEST_F(ManyTablesCases, OfTwoHundredTablesThoseThatHoldRowsAreDeletedFrom) {
  Make(200);
  Fill(200, 10, 10);
  ASSERT_EQ(HeldRows(), "400");
  ExpectCleared(180, 20 + 2, 0, 400);
}

TEST_F(ManyTablesCases, AThousandEmptyTablesAreNotTouched) {
  Make(1000);
  ExpectCleared(1000, 2, 0, 200);
}

TEST_F(ManyTablesCases, OfAThousandTablesOnlyTheLargeOnesAreTruncated) {
  Make(1000);
  Fill(1000, 10, 10);
  for (const std::string table : {"t1", "t2", "t3"}) {
    it.db.Execute("insert into " + table +
                  " (name) select repeat('x', 500) from generate_series(1, 9000)");
    ASSERT_EQ(it.db.Scalar("select pg_relation_size('" + table + "') > 4 << 20"), "t");
  }
  ExpectCleared(897, 100 + 2, 3, 200 + 1000 + 3 * 9000);
}

}  // namespace
}  // namespace resetctl::agent

#include "agent/postgres/sequence_positions.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kMany = 260;  // more than the scout wants at least

class SequencePositionsTest : public ::testing::Test {
 protected:
  // s1 ... s260. Called: every tenth. Set, and not called: s7.
  SequencePositionsTest() {
    it.db.Execute(
        "do $$ begin for i in 1..260 loop execute format('create sequence s%s', i); "
        "if i % 10 = 0 then perform nextval('s' || i); end if; end loop; "
        "perform setval('s7', 40, false); end $$");
  }

  void ClearTheirTables() {
    it.db.Execute(
        "do $$ begin for i in 1..260 loop "
        "execute format('create table t%s (id int default nextval(''s%s''))', i, i); "
        "execute format('alter sequence s%s owned by t%s.id', i, i); end loop; end $$");
    it.Clear("[users, orders, 't*']");
  }
  static std::vector<std::string> Names(int count) {
    std::vector<std::string> names;
    for (int i = 1; i <= count; ++i) names.push_back("\"public\".\"s" + std::to_string(i) + "\"");
    return names;
  }
  SequencePosition At(const SequencePositions& positions, const std::string& name) {
    return positions.at(
        static_cast<Oid>(std::stoul(it.db.Scalar("select '" + name + "'::regclass::oid"))));
  }
  base::Secret Url() const { return base::Secret(it.db.OwnerUrl()); }

  ResetScenario it;
};

TEST_F(SequencePositionsTest, TheScoutReadsThemAll) {
  SequenceScout scout(Url(), Names(kMany));
  const SequencePositions positions = scout.Take();
  EXPECT_THAT(positions, SizeIs(kMany));
  EXPECT_TRUE(At(positions, "s260").called);
  EXPECT_TRUE(At(positions, "s260").MovedFrom(1));
  EXPECT_FALSE(At(positions, "s7").called);
  EXPECT_EQ(At(positions, "s7").last_value, 40);
  EXPECT_TRUE(At(positions, "s7").MovedFrom(1));
  EXPECT_FALSE(At(positions, "s7").MovedFrom(40));
  EXPECT_FALSE(At(positions, "s1").MovedFrom(1));
  EXPECT_THAT(scout.Take(), IsEmpty());
}

TEST_F(SequencePositionsTest, FewAreNotWorthAConnection) {
  EXPECT_THAT(SequenceScout(Url(), Names(20)).Take(), IsEmpty());
}

TEST_F(SequencePositionsTest, AScoutThatFailsTellsWhatItHasRead) {
  std::vector<std::string> names = Names(kMany);
  names[250] = "\"public\".\"gone\"";
  EXPECT_THAT(SequenceScout(Url(), names).Take(), SizeIs(250));
  EXPECT_THAT(SequenceScout(base::Secret("postgresql://nobody@127.0.0.1:1/none"), names).Take(),
              IsEmpty());
}

TEST_F(SequencePositionsTest, AResetRestartsThoseThatHaveMovedAndNoOthers) {
  ClearTheirTables();
  const std::string file = "select pg_relation_filenode('s1')";
  const std::string before = it.db.Scalar(file);
  it.ExpectCommitted();
  for (const char* name : {"s1", "s7", "s10", "s260"}) {
    EXPECT_EQ(it.db.Scalar(std::string("select nextval('") + name + "')"), "1") << name;
  }
  EXPECT_EQ(it.db.Scalar(file), before);
}

TEST_F(SequencePositionsTest, AResetDoesWithoutTheScoutsConnection) {
  ClearTheirTables();
  it.Plan();
  // The test's own, the claim's and the reset's.
  it.db.ExecuteAsSuperuser("alter role " + it.db.owner() + " connection limit 3");
  it.ExpectCommitted();
  EXPECT_EQ(it.db.Scalar("select nextval('s260')"), "1");
}

}  // namespace
}  // namespace resetctl::agent

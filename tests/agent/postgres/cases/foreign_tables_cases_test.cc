// POSTGRES.md, "Which tables, which order": foreign tables, whose rows TRUNCATE and DELETE of ours would reach.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"

namespace resetctl::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A foreign table that is another name of a table in this very database, as on any other server.
class ForeignTableCases : public ::testing::Test {
 protected:
  ForeignTableCases() {
    const std::string owner = it.db.owner(), url = it.db.OwnerUrl();
    const size_t from = url.find(owner + ":") + owner.size() + 1;
    it.db.ExecuteAsSuperuser("create extension postgres_fdw");
    it.db.ExecuteAsSuperuser(absl::StrCat(
        "create server far foreign data wrapper postgres_fdw options (host '127.0.0.1', port '",
        it.db.cluster().port(), "', dbname '", it.db.name(), "')"));
    it.db.ExecuteAsSuperuser("grant usage on foreign server far to " + owner);
    it.db.ExecuteAsSuperuser(absl::StrCat("create user mapping for ", owner,
                                          " server far options (user '", owner, "', password '",
                                          url.substr(from, url.find('@') - from), "')"));
    it.db.Execute(R"(
      create table remote_rows (id int); insert into remote_rows values (1), (2), (3);
      create foreign table abroad (id int) server far options (table_name 'remote_rows'))");
    it.Keep("[notes, remote_rows]");
  }
  ResetScenario it;
};

TEST_F(ForeignTableCases, NoPatternReachesTheRowsOfAForeignTable) {
  it.Clear("['us*', 'ord*', 'ab*']");
  EXPECT_THAT(it.Problems(), ElementsAre("UNLISTED_TABLES abroad"));
  it.Unlisted("clear").Plan();
  ASSERT_EQ(it.plan.kept_size(), 3);
  EXPECT_EQ(it.plan.kept(0).name(), "abroad");
  EXPECT_EQ(it.plan.kept(0).why(), "foreign table");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("users"), "0");
  EXPECT_EQ(it.Count("remote_rows"), "3");
}

TEST_F(ForeignTableCases, AForeignTableThatIsNamedIsRefusedAsNoRollbackReachesIt) {
  it.db.Execute("begin; truncate abroad; rollback");  // which the server would do
  it.Clear("[users, orders, abroad]");
  const std::vector<v1::Problem> problems = it.WholeProblems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].reason(), v1::REASON_UNSUPPORTED_RELATION);
  EXPECT_THAT(problems[0].objects(), ElementsAre("abroad"));
  EXPECT_THAT(problems[0].message(), HasSubstr("its rows are in another server"));
  it.Clear("[users, orders]").Keep("[notes, remote_rows, abroad]");
  it.ExpectCommitted();
  EXPECT_EQ(it.Count("remote_rows"), "3");
}

}  // namespace
}  // namespace resetctl::agent

#include "tests/support/postgres_cluster.h"

#include <signal.h>

#include <gtest/gtest.h>

namespace resetctl::support {
namespace {

TEST(PostgresClusterTest, MakesADatabaseWhoseOwnerIsNoSuperuser) {
  TestDatabase db = TestDatabase::Create();
  db.Execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)");
  EXPECT_EQ(db.Scalar("SELECT count(*) FROM t"), "2");
  EXPECT_EQ(db.Scalar("SELECT tableowner FROM pg_tables WHERE tablename = 't'"), db.owner());
  EXPECT_EQ(db.Scalar("SELECT rolsuper FROM pg_roles WHERE rolname = '" + db.owner() + "'"), "f");
}

TEST(PostgresClusterTest, RefusesAWrongPassword) {
  TestDatabase db = TestDatabase::Create();
  EXPECT_ANY_THROW(TestConnection(db.cluster().Url(db.owner(), "wrong", db.name())));
}

TEST(PostgresClusterTest, KeepsDatabasesApart) {
  TestDatabase one = TestDatabase::Create();
  TestDatabase two = TestDatabase::Create();
  one.Execute("CREATE TABLE only_here ()");
  EXPECT_EQ(two.Scalar("SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'"), "0");
}

TEST(PostgresClusterTest, StopsAndStartsAgainWithItsData) {
  PostgresCluster cluster;
  TestDatabase db = TestDatabase::CreateIn(cluster);
  db.Execute("CREATE TABLE t (a int); INSERT INTO t VALUES (7)");
  const pid_t first = cluster.pid();
  cluster.Stop();
  EXPECT_NE(kill(first, 0), 0);
  cluster.Start();
  EXPECT_EQ(TestConnection(db.OwnerUrl()).Scalar("SELECT a FROM t"), "7");
}

TEST(PostgresClusterTest, NamesTheSqlstateOfAnError) {
  TestDatabase db = TestDatabase::Create();
  EXPECT_EQ(db.Connect().ErrorOf("SELECT 1/0"), "22012");
}

}  // namespace
}  // namespace resetctl::support

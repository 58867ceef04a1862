// POSTGRES.md, "Locks and neighbours": standbys, poolers, sessions with older snapshots; and a server whose disk is full.
#include <fstream>
#include <memory>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/contract/reasons.h"
#include "tests/agent/postgres/reset_scenario.h"
#include "tests/support/await.h"
#include "tests/support/daemon.h"
#include "tests/support/free_port.h"
#include "tests/support/temp_folder.h"

namespace resetctl::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The same database by way of another port.
std::string Through(const ResetScenario& it, int port) {
  return absl::StrReplaceAll(
      it.db.OwnerUrl(), {{absl::StrCat(":", it.db.cluster().port()), absl::StrCat(":", port)}});
}

TEST(ServersCases, AStandbyIsAWarningOnThePrimaryAndRefusedItself) {
  support::PostgresCluster primary;
  ResetScenario it(primary);
  support::PostgresCluster::Options following;
  following.primary = &primary;
  support::PostgresCluster standby(following);
  Await(it.db, "select count(*) = 1 from pg_stat_replication where state = 'streaming'");
  it.Plan();
  ASSERT_EQ(it.plan.warnings_size(), 1);
  EXPECT_THAT(it.plan.warnings(0).message(), HasSubstr("1 standby follows asynchronously"));

  it.target = std::make_unique<PostgresTarget>(base::Secret(Through(it, standby.port())), "staging",
                                               "shop");
  EXPECT_THAT(it.Problems(), Contains(HasSubstr("DATABASE_READ_ONLY")));
  const absl::StatusOr<int64_t> fence = it.target->Claim(it.NextClaim());
  ASSERT_FALSE(fence.ok());
  EXPECT_EQ(contract::ProblemOf(fence.status()).reason(), v1::REASON_DATABASE_READ_ONLY);
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "100");
}

TEST(ServersCases, APoolerIsRefused) {
  constexpr char kBouncer[] = "/usr/sbin/pgbouncer";
  struct stat facts {};
  if (stat(kBouncer, &facts) != 0) GTEST_SKIP() << "needs the Debian package pgbouncer";
  ResetScenario it;
  test::TempFolder folder;
  const int port = support::FreePort();
  const std::string config = folder.path() + "/pgbouncer.ini";
  const std::string password = it.db.OwnerUrl().substr(it.db.OwnerUrl().find(it.db.owner() + ":") +
                                                       it.db.owner().size() + 1);
  std::ofstream(config) << "[databases]\n"
                        << it.db.name() << " = host=127.0.0.1 port=" << it.db.cluster().port()
                        << " dbname=" << it.db.name() << " user=" << it.db.owner()
                        << " password=" << password.substr(0, password.find('@'))
                        << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port
                        << "\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
                        << (geteuid() == 0 ? "user = postgres\n" : "");
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(config.c_str(), 0644), 0);
  const support::Daemon bouncer({kBouncer, config}, {}, folder.path() + "/log");
  const std::string url = Through(it, port);
  support::Await("the pooler", [&] {
    try {
      return support::TestConnection(url).Scalar("select 1") == "1";
    } catch (const std::runtime_error&) {
      return false;
    }
  });
  it.target = std::make_unique<PostgresTarget>(base::Secret(url), "staging", "shop");
  EXPECT_THAT(it.Problems(), Contains(HasSubstr("goes through a connection pooler")));
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "100");
}

TEST(ServersCases, SessionsThatReadWithAnOlderSnapshotAreReported) {
  ResetScenario it;
  it.FireOnDelete("orders");  // which makes them truncated
  it.Plan();
  support::TestConnection report = it.db.Connect("monthly report");
  report.Execute("begin isolation level repeatable read; select count(*) from notes");
  support::TestConnection idle = it.db.Connect("idle");
  idle.Execute("begin; select count(*) from notes");
  const ResetOutcome outcome = it.Run();
  ASSERT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  ASSERT_EQ(outcome.result.warnings_size(), 1);
  const v1::Problem& warning = outcome.result.warnings(0);
  EXPECT_THAT(warning.message(), HasSubstr("1 session reads with a snapshot from before"));
  ASSERT_EQ(warning.objects_size(), 1);
  EXPECT_THAT(warning.objects(0), HasSubstr("monthly report"));
  EXPECT_EQ(report.Scalar("select count(*) from orders"), "0");  // a state that never was
  EXPECT_EQ(report.Scalar("select count(*) from users"), "100");
}

TEST(ServersCases, APublicationWithoutTruncateAndALogicalSlotAreInThePlan) {
  support::PostgresCluster::Options options;
  options.settings = {"wal_level=logical"};
  support::PostgresCluster cluster(options);
  ResetScenario it(cluster);
  it.db.ExecuteAsSuperuser("create publication p for table users with (publish = 'insert')");
  it.db.ExecuteAsSuperuser("select pg_create_logical_replication_slot('s', 'pgoutput')");
  it.Plan();
  ASSERT_EQ(it.plan.warnings_size(), 2);
  EXPECT_EQ(
      it.plan.warnings(0).message(),
      "1 table to be cleared is published (p): subscribers follow, or keep the old rows where "
      "`truncate` is not published.");
  EXPECT_THAT(it.plan.warnings(0).objects(), ElementsAre("users"));
  EXPECT_EQ(it.plan.warnings(1).message(), "Logical replication slots hand every change on: s.");
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "0");
}

// "if a provider forbids it, say so and fall back": by database, name and marker.
TEST(ServersCases, AProviderMayForbidTheSystemIdentifier) {
  ResetScenario it;
  it.db.ExecuteAsSuperuser("revoke execute on function pg_control_system() from public");
  EXPECT_THAT(it.db.Connect().ErrorOf("select pg_control_system()"),
              HasSubstr("permission denied"));
  it.Plan();
  EXPECT_EQ(it.plan.database().system_identifier(), "");
  ASSERT_EQ(it.plan.warnings_size(), 1);
  EXPECT_THAT(it.plan.warnings(0).message(), HasSubstr("does not tell its system identifier"));
  EXPECT_EQ(it.plan.database().database_name(), it.db.name());
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kCommitted) << outcome.problem.ShortDebugString();
  EXPECT_EQ(it.db.Scalar("select count(*) from users"), "0");
  // The plan was made before the first claim; the next one holds the marker, and another one is refused.
  it.Plan();
  EXPECT_NE(it.plan.database().marker(), "");
  it.plan.mutable_database()->set_marker("00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(it.Run().problem.reason(), v1::REASON_STALE_IDENTITY);
}

TEST(ServersCases, AFullDiskLeavesTheDataAsItWas) {
  test::TempFolder folder;
  const std::string disk = folder.path() + "/disk";
  ASSERT_EQ(mkdir(disk.c_str(), 0755), 0);
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  // In a mount namespace of our own, which the server inherits and which goes with us.
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=12m,mode=0777") != 0) {
    GTEST_SKIP() << "needs the right to mount a file system";
  }
  support::PostgresCluster cluster;
  ResetScenario it(cluster);
  const std::string space = disk + "/space";
  ASSERT_EQ(mkdir(space.c_str(), 0700), 0);
  struct stat socket {};
  ASSERT_EQ(stat(cluster.socket_folder().c_str(), &socket), 0);
  ASSERT_EQ(chown(space.c_str(), socket.st_uid, socket.st_gid), 0);
  it.db.ExecuteAsSuperuser(absl::StrCat("create tablespace small location '", space, "'"));
  it.db.ExecuteAsSuperuser("alter table users set tablespace small");
  it.Sql("insert into users (name) select 'user ' || i from generate_series(1, 1000000) i").Plan();
  const auto before = it.Checksums();
  const ResetOutcome outcome = it.Run();
  EXPECT_EQ(outcome.end, ResetEnd::kRolledBack);
  EXPECT_THAT(absl::StrCat(outcome.problem.message(), " ", outcome.problem.advice()),
              HasSubstr("The server's disk is full"));
  EXPECT_EQ(it.Checksums(), before);
}

}  // namespace
}  // namespace resetctl::agent

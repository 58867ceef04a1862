// What only the file can show: modes, migrations, death of the process, hands that reach in from outside.
#include "controller/store/sqlite/sqlite_store.h"

#include <csignal>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "controller/domain/run_state.h"
#include "controller/store/sqlite/connection.h"
#include "controller/store/sqlite/migrate.h"
#include "proto/contract/merkle.h"
#include "proto/contract/reasons.h"
#include "tests/controller/store/store_fixture.h"

namespace resetctl::controller {
namespace {

using ::testing::HasSubstr;

class SqliteStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> Open() {
    return OpenSqliteStore({path_, kOrigin, key_.Signer()});
  }
  std::unique_ptr<Connection> Raw() { return *Connection::Open(path_, false); }
  static absl::Status Insert(Store& store, const std::string& document) {
    return store
        .Commit(Change().Add(InsertPlan{APlan().Document(document).Build(), "bundle"}),
                AuditTrail(AnEntry("plan.create")))
        .status();
  }

  TemporaryFolder folder_;
  LogKey key_;
  std::string path_ = folder_.File("controller.db");
};

TEST_F(SqliteStoreTest, ItsFilesAreForTheirOwnerOnly) {
  const mode_t before = umask(0);
  const auto store = *Open();
  ASSERT_TRUE(Insert(*store, "plan").ok());
  umask(before);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat info {};
    ASSERT_EQ(stat((path_ + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteStoreTest, KeepsEverythingOverAReopening) {
  {
    const auto store = *Open();
    ASSERT_TRUE(Insert(*store, "one").ok());
  }
  const auto store = *Open();
  ASSERT_TRUE(Insert(*store, "two").ok());
  EXPECT_EQ(store->ListPlans({}, {})->items.size(), 2u);
  EXPECT_EQ(store->GetCheckpoint()->size, 2u);
}

// A child process commits until it is killed; whatever it was told to be durable is there.
TEST_F(SqliteStoreTest, WhatWasCommittedSurvivesAKill) {
  int acknowledged[2];
  ASSERT_EQ(pipe(acknowledged), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(acknowledged[0]);
    auto store = Open();
    for (int i = 0; store.ok() && Insert(**store, absl::StrCat("plan ", i)).ok(); ++i) {
      if (write(acknowledged[1], "+", 1) != 1) break;
    }
    _exit(1);
  }
  close(acknowledged[1]);
  char byte = 0;
  size_t count = 0;
  while (count < 20 && read(acknowledged[0], &byte, 1) == 1) ++count;
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  while (read(acknowledged[0], &byte, 1) == 1) ++count;
  close(acknowledged[0]);
  ASSERT_GE(count, 20u);

  const auto store = *Open();
  const size_t plans = store->ListPlans({}, {500, ""})->items.size();
  EXPECT_GE(plans, count);
  EXPECT_LE(plans, count + 1);  // one may have been durable and not yet acknowledged
  EXPECT_EQ(store->GetCheckpoint()->size, plans);
  std::vector<std::string> leaves;
  for (const StoredAuditEntry& entry : Get(store->ReadAudit(0, 10000))) {
    leaves.push_back(contract::LeafHash(entry.bytes));
  }
  const StoredCheckpoint stored = *store->GetCheckpoint();
  EXPECT_EQ(contract::OpenCheckpoint(stored.note, key_.verifier())->root,
            contract::MerkleRoot(leaves));
}

TEST_F(SqliteStoreTest, OneControllerAtATime) {
  const auto store = *Open();
  const absl::Status second = Open().status();
  EXPECT_EQ(contract::ReasonOf(second), v1::REASON_CONFIG_INVALID);
  EXPECT_THAT(contract::ProblemOf(second).message(), HasSubstr("Another controller"));
}

TEST_F(SqliteStoreTest, RefusesAFileThatIsNoStore) {
  FILE* file = fopen(path_.c_str(), "w");
  fputs("this is a letter to grandmother, not a database at all\n", file);
  fclose(file);
  EXPECT_TRUE(absl::IsDataLoss(Open().status()));
}

TEST_F(SqliteStoreTest, TheLogCannotBeRewrittenByASlip) {
  {
    const auto store = *Open();
    ASSERT_TRUE(Insert(*store, "one").ok());
  }
  const auto raw = Raw();
  EXPECT_FALSE(raw->Exec("UPDATE audit SET entry = x'00'").ok());
  EXPECT_FALSE(raw->Exec("DELETE FROM audit").ok());
  ASSERT_TRUE(raw->Exec("INSERT INTO audit_subtrees VALUES (4, 99, x'00')").ok());
  EXPECT_FALSE(raw->Exec("UPDATE audit_subtrees SET hash = x'01'").ok());
  EXPECT_FALSE(raw->Exec("DELETE FROM audit_subtrees").ok());
}

TEST_F(SqliteStoreTest, RefusesALogThatLostEntries) {
  {
    const auto store = *Open();
    ASSERT_TRUE(Insert(*store, "one").ok());
    ASSERT_TRUE(Insert(*store, "two").ok());
  }
  ASSERT_TRUE(
      Raw()->Exec("DROP TRIGGER audit_is_append_only_2; DELETE FROM audit WHERE number = 1").ok());
  EXPECT_TRUE(absl::IsDataLoss(Open().status()));
}

TEST_F(SqliteStoreTest, TheIndexOfActiveRunsMeansWhatTheStatesMean) {
  (void)*Open();
  const auto raw = Raw();
  Query index(*raw, "SELECT sql FROM sqlite_master WHERE name = 'one_active_run_per_target'");
  ASSERT_TRUE(index.Next());
  std::string active;
  for (int state = 1; state < v1::RunState_ARRAYSIZE; ++state) {
    if (!IsActive(static_cast<v1::RunState>(state))) continue;
    absl::StrAppend(&active, active.empty() ? "" : ", ", state);
  }
  EXPECT_THAT(index.Text(0), HasSubstr(absl::StrCat("state IN (", active, ")")));
}

// A log from before there were subtrees: they are made from its entries, and its proofs are those of any other log.
class AuditTreeTest : public SqliteStoreTest {
 protected:
  // A store of the version before, with a log of so many entries.
  void MakeOldStore(int entries) {
    {
      const auto store = *Open();
      for (int i = 0; i < entries; ++i) {
        ASSERT_TRUE(store->Commit(Change(), AuditTrail(AnEntry("login", absl::StrCat(i)))).ok());
      }
    }
    ASSERT_TRUE(Raw()
                    ->Exec("ALTER TABLE agents DROP COLUMN witness_key;"
                           "ALTER TABLE agents DROP COLUMN witness_alarm;"
                           "ALTER TABLE agents DROP COLUMN witness_accepted;"
                           "ALTER TABLE agents DROP COLUMN cosigned;"
                           "ALTER TABLE agents DROP COLUMN cosigned_size;"
                           "DROP TABLE audit_subtrees; DROP TABLE audit_archives;"
                           "DROP TABLE audit_archived_leaves; DROP INDEX audit_by_action;"
                           "DROP INDEX audit_without_events;"
                           "DELETE FROM migrations WHERE number >= 5")
                    .ok());
  }
};

TEST_F(AuditTreeTest, IsFilledForAnOlderLog) {
  MakeOldStore(100);
  const auto store = *Open();
  ASSERT_TRUE(store->Commit(Change(), AuditTrail(AnEntry("login", "new"))).ok());
  const StoredCheckpoint head = *store->GetCheckpoint();
  ASSERT_EQ(head.size, 101u);
  for (const StoredAuditEntry& entry : Get(store->ReadAudit(0, 1000))) {
    EXPECT_TRUE(contract::VerifyInclusion(contract::LeafHash(entry.bytes), entry.index, head.size,
                                          Get(store->ProveInclusion(entry.index, head.size)),
                                          head.root));
  }
}

TEST_F(AuditTreeTest, IsNotMadeFromEntriesThatTheHeadDoesNotSign) {
  MakeOldStore(20);
  ASSERT_TRUE(Raw()
                  ->Exec("DROP TRIGGER audit_is_append_only_1;"
                         "UPDATE audit SET entry = x'' WHERE number = 7")
                  .ok());
  EXPECT_TRUE(absl::IsDataLoss(Open().status()));
  EXPECT_TRUE(absl::IsDataLoss(Open().status()));  // nothing of the migration is there
}

// Who would take an entry out of the log by hand has to take the trigger first, and is found when the store is opened.
TEST_F(SqliteStoreTest, OnlyArchivedEntriesCanGo) {
  std::vector<std::string> leaves;
  {
    const auto store = *Open();
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(store->Commit(Change(), AuditTrail(AnEntry("login", absl::StrCat(i)))).ok());
    }
    for (const StoredAuditEntry& entry : Get(store->ReadAudit(0, 16))) {
      leaves.push_back(contract::LeafHash(entry.bytes));
    }
    ASSERT_TRUE(store
                    ->Commit(Change().Add(ArchiveEntries{{0, 16, "file", "sha256:00"}, leaves}),
                             AuditTrail(AnEntry("audit.archive")))
                    .ok());
  }
  for (const char* sql :
       {"DELETE FROM audit WHERE number = 16", "DELETE FROM audit_archives",
        "UPDATE audit_archives SET past = 32", "DELETE FROM audit_archived_leaves"}) {
    EXPECT_FALSE(Raw()->Exec(sql).ok()) << sql;
  }
  EXPECT_TRUE(Open().ok());
  ASSERT_TRUE(
      Raw()->Exec("DROP TRIGGER audit_is_append_only_2; DELETE FROM audit WHERE number = 16").ok());
  EXPECT_TRUE(absl::IsDataLoss(Open().status()));
}

// ---- migrations

class MigrateTest : public SqliteStoreTest {
 protected:
  MigrateTest() {
    fclose(fopen(path_.c_str(), "w"));
    raw_ = Raw();
  }
  std::unique_ptr<Connection> raw_;
  const Migration one_{"0001_one", "CREATE TABLE one (a INTEGER) STRICT"};
  const Migration two_{"0002_two", "CREATE TABLE two (a INTEGER) STRICT"};
};

TEST_F(MigrateTest, AppliesWhatIsMissingOnce) {
  ASSERT_TRUE(Migrate(*raw_, {one_}).ok());
  ASSERT_TRUE(Migrate(*raw_, {one_, two_}).ok());
  ASSERT_TRUE(Migrate(*raw_, {one_, two_}).ok());
  EXPECT_TRUE(raw_->Exec("INSERT INTO two VALUES (1)").ok());
}

TEST_F(MigrateTest, RefusesAChangedMigration) {
  ASSERT_TRUE(Migrate(*raw_, {one_}).ok());
  const absl::Status status = Migrate(*raw_, {{one_.name, one_.sql + " -- edited"}, two_});
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_CONFIG_INVALID);
  EXPECT_THAT(contract::ProblemOf(status).message(), HasSubstr("0001_one"));
  EXPECT_FALSE(raw_->Exec("INSERT INTO two VALUES (1)").ok());
}

TEST_F(MigrateTest, RefusesANewerSchema) {
  ASSERT_TRUE(Migrate(*raw_, {one_, two_}).ok());
  const absl::Status status = Migrate(*raw_, {one_});
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_CONFIG_INVALID);
  EXPECT_THAT(contract::ProblemOf(status).message(), HasSubstr("newer version"));
}

TEST_F(MigrateTest, AFailedMigrationLeavesNothing) {
  const Migration bad{"0002_bad", "CREATE TABLE half (a INTEGER); CREATE TABLE one (a INTEGER)"};
  EXPECT_FALSE(Migrate(*raw_, {one_, bad}).ok());
  EXPECT_FALSE(raw_->Exec("INSERT INTO half VALUES (1)").ok());
  EXPECT_TRUE(Migrate(*raw_, {one_, two_}).ok());
}

}  // namespace
}  // namespace resetctl::controller

// The store cannot be written for a while: its disk is full, really, or another process holds its lock. Each call is refused with a
// reason, nothing is there by halves, and it goes on by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/store/sqlite/connection.h"
#include "proto/contract/merkle.h"
#include "proto/contract/reasons.h"
#include "tests/controller/store/store_fixture.h"
#include "tests/support/small_disk.h"
#include "tests/support/temp_folder.h"

namespace resetctl::controller {
namespace {

using ::testing::HasSubstr;

class StoreTroubleTest : public ::testing::Test {
 protected:
  void Open() {
    SqliteOptions options{path_, kOrigin, key_.Signer()};
    options.observe = [this](const absl::Status& written) { observed_.push_back(written); };
    options.lock_patience = absl::Milliseconds(20);
    auto store = OpenSqliteStore(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  absl::Status Insert(const std::string& document) {
    return store_
        ->Commit(Change().Add(InsertPlan{APlan().Document(document).Build(), "bundle"}),
                 AuditTrail(AnEntry("plan.create")))
        .status();
  }
  // What the log says is what its checkpoint signs, and each plan is there with its entry.
  void ExpectWhole(size_t plans) {
    EXPECT_EQ(Get(store_->ListPlans({}, {500, ""})).items.size(), plans);
    std::vector<std::string> leaves;
    for (const StoredAuditEntry& entry : Get(store_->ReadAudit(0, 10000))) {
      leaves.push_back(contract::LeafHash(entry.bytes));
    }
    EXPECT_EQ(leaves.size(), plans);
    EXPECT_EQ(Get(store_->GetCheckpoint()).root, contract::MerkleRoot(leaves));
  }

  test::TempFolder folder_;
  LogKey key_;
  std::string path_ = folder_.File("controller.db");
  std::vector<absl::Status> observed_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTroubleTest, WhileAnotherProcessHoldsTheLockCallsAreRefusedWithAReason) {
  Open();
  ASSERT_TRUE(Insert("one").ok());
  const auto other = *Connection::Open(path_, false);
  ASSERT_TRUE(other->Exec("BEGIN IMMEDIATE").ok());
  const absl::Status refused = Insert("two");
  EXPECT_EQ(contract::ReasonOf(refused), v1::REASON_STORE_UNAVAILABLE);
  EXPECT_THAT(contract::ProblemOf(refused).advice(), HasSubstr("Another process holds its lock"));
  EXPECT_EQ(contract::ReasonOf(observed_.back()), v1::REASON_STORE_UNAVAILABLE);
  EXPECT_EQ(contract::ReasonOf(store_->Probe()), v1::REASON_STORE_UNAVAILABLE);
  EXPECT_EQ(Get(store_->ListPlans({}, {})).items.size(), 1u) << "who only reads is not held up";
  ASSERT_TRUE(other->Exec("COMMIT").ok());
  EXPECT_TRUE(store_->Probe().ok());
  EXPECT_TRUE(observed_.back().ok());
  EXPECT_TRUE(Insert("two").ok());
  ExpectWhole(2);
}

TEST_F(StoreTroubleTest, OnAFullDiskNothingIsThereByHalvesAndItGoesOnWhenThereIsRoom) {
  const std::unique_ptr<test::SmallDisk> disk = test::SmallDisk::MountAt(folder_.path());
  if (disk == nullptr) GTEST_SKIP() << "needs the right to mount a file system";
  Open();
  size_t plans = 0;
  for (; plans < 3; ++plans) ASSERT_TRUE(Insert(absl::StrCat("plan ", plans)).ok());
  disk->Fill();
  // The log that SQLite writes ahead may have some room of its own.
  absl::Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    status = Insert(absl::StrCat("plan ", plans, std::string(20000, 'x')));
    if (status.ok()) ++plans;
  }
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_STORE_UNAVAILABLE) << status;
  EXPECT_THAT(contract::ProblemOf(status).advice(), HasSubstr("Make room on the disk"));
  EXPECT_EQ(contract::ReasonOf(observed_.back()), v1::REASON_STORE_UNAVAILABLE);
  ExpectWhole(plans);
  disk->MakeRoom();
  EXPECT_TRUE(store_->Probe().ok());
  EXPECT_TRUE(observed_.back().ok());
  EXPECT_TRUE(Insert("one more").ok());
  ExpectWhole(plans + 1);
  store_.reset();
  Open();
  ExpectWhole(plans + 1);
}

// A note that finds nothing to change writes nothing: it proves nothing about the disk.
TEST_F(StoreTroubleTest, OnlyWhatWasWrittenCountsAsWritten) {
  Open();
  observed_.clear();
  ASSERT_TRUE(store_->Write(Forget{absl::UnixEpoch(), absl::UnixEpoch()}).ok());
  EXPECT_TRUE(observed_.empty());
  ASSERT_TRUE(store_->Probe().ok());
  EXPECT_EQ(observed_.size(), 1u);
}

}  // namespace
}  // namespace resetctl::controller

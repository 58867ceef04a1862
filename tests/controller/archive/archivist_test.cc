#include "controller/archive/archivist.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "controller/archive/archive_text.h"
#include "controller/service/wire_time.h"
#include "proto/base/file.h"
#include "proto/contract/digest.h"
#include "proto/contract/merkle.h"
#include "tests/controller/store/store_fixture.h"
#include "tests/support/fake_clock.h"

namespace resetctl::controller {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kRetain = absl::Hours(24 * 400);

class ArchivistTest : public ::testing::Test {
 protected:
  ArchivistTest()
      : store_(*OpenSqliteStore({folder_.File("controller.db"), kOrigin, key_.Signer()})) {}

  // An entry of now.
  uint64_t Happens(const Change& change = Change()) {
    v1::AuditEntry entry = AnEntry("login", "alice");
    SetTime(clock_.Now(), entry.mutable_time());
    return store_->Commit(change, AuditTrail(entry))->first_audit_index;
  }
  void Happens(int times) {
    for (int i = 0; i < times; ++i) Happens();
  }
  absl::StatusOr<uint64_t> ArchiveDue(uint64_t most = 1 << 14,
                                      std::vector<std::string> readers = {}) {
    Archivist archivist(*store_, clock_,
                        {.folder = folder_.File("archive"),
                         .origin = kOrigin,
                         .retain = kRetain,
                         .most = most,
                         .readers = std::move(readers)});
    return archivist.ArchiveDue();
  }
  std::vector<std::string> Files() {
    std::vector<std::string> files;
    if (!fs::exists(folder_.File("archive"))) return files;
    for (const auto& file : fs::directory_iterator(folder_.File("archive"))) {
      files.push_back(file.path().filename());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  std::string Text(const std::string& file) {
    return *base::ReadFile(folder_.File("archive/" + file));
  }
  v1::AuditEntry Newest() {
    v1::AuditEntry entry;
    EXPECT_TRUE(entry.ParseFromString(Get(store_->ListAudit({}, {1, ""})).items.front().bytes));
    return entry;
  }
  // Of the log: what it was before an archive was made, it is after that.
  void ExpectEverythingIsProved(const std::vector<std::string>& leaves) {
    const StoredCheckpoint now = *store_->GetCheckpoint();
    for (uint64_t i = 0; i < leaves.size(); ++i) {
      EXPECT_TRUE(contract::VerifyInclusion(leaves[i], i, now.size,
                                            Get(store_->ProveInclusion(i, now.size)), now.root))
          << i;
    }
    contract::MerkleFrontier frontier;
    for (uint64_t size = 0; size <= leaves.size(); ++size) {
      EXPECT_TRUE(contract::VerifyConsistency(size, frontier.Root(), now.size, now.root,
                                              Get(store_->ProveConsistency(size, now.size))))
          << size;
      if (size < leaves.size()) frontier.Append(leaves[size]);
    }
  }
  std::vector<std::string> Leaves() {
    std::vector<std::string> leaves;
    for (const StoredAuditEntry& entry : Get(store_->ReadAudit(0, 1000))) {
      leaves.push_back(contract::LeafHash(entry.bytes));
    }
    return leaves;
  }

  TemporaryFolder folder_;
  LogKey key_;
  test::FakeClock clock_{Start()};
  std::unique_ptr<Store> store_;
};

TEST_F(ArchivistTest, MovesWholeBlocksOfWhatIsOldEnough) {
  Happens(40);
  const std::vector<std::string> leaves = Leaves();
  EXPECT_EQ(*ArchiveDue(), 0u);
  EXPECT_THAT(Files(), IsEmpty());
  clock_.Advance(kRetain + absl::Seconds(1));
  Happens(3);
  EXPECT_EQ(*ArchiveDue(), 32u);
  const std::string file = "audit-000000000000-000000000031.jsonl";
  EXPECT_THAT(Files(), ElementsAre(file));
  struct stat info = {};
  ASSERT_EQ(stat(folder_.File("archive/" + file).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  EXPECT_EQ(*store_->FirstKept(), 32u);
  EXPECT_EQ(Get(store_->ReadAudit(0, 1)).front().index, 32u);
  EXPECT_EQ(store_->FindArchive(31)->file, file);
  EXPECT_TRUE(absl::IsNotFound(store_->FindArchive(32).status()));
  const v1::AuditEntry entry = Newest();
  EXPECT_EQ(entry.action(), "audit.archive");
  EXPECT_EQ(entry.subject(), file);
  EXPECT_EQ(entry.evidence().at("first"), "0");
  EXPECT_EQ(entry.evidence().at("last"), "31");
  EXPECT_EQ(entry.evidence().at("digest"), contract::Digest(Text(file)));
  ExpectEverythingIsProved(leaves);
  EXPECT_EQ(*ArchiveDue(), 0u);
}

TEST_F(ArchivistTest, ManyEntriesAreManyFiles) {
  Happens(100);
  const std::vector<std::string> leaves = Leaves();
  clock_.Advance(2 * kRetain);
  EXPECT_EQ(*ArchiveDue(/*most=*/48), 96u);
  EXPECT_THAT(Files(), ElementsAre("audit-000000000000-000000000047.jsonl",
                                   "audit-000000000048-000000000095.jsonl"));
  ExpectEverythingIsProved(leaves);
}

TEST_F(ArchivistTest, WhatAPlanThatCanStillRunNeedsStays) {
  Happens(20);
  clock_.Advance(absl::Hours(1));
  PlanRecord plan = APlan().Build();
  plan.create_time = clock_.Now();
  Happens(Change().Add(InsertPlan{plan, "bundle"}));
  Happens(50);
  clock_.Advance(2 * kRetain);
  EXPECT_EQ(*ArchiveDue(), 16u);  // of the twenty before it, without the one that made it
  PlanRecord ended = *store_->GetPlan(plan.id);
  ended.state = v1::PLAN_STATE_EXPIRED;
  Happens(Change().Add(UpdatePlan{ended}));
  EXPECT_EQ(*ArchiveDue(), 48u);
}

TEST_F(ArchivistTest, WhatAReceiverHasNotBeenToldOfStays) {
  Happens(64);
  ASSERT_TRUE(store_->Write(SetNotificationCursor{"ops", 33}).ok());
  ASSERT_TRUE(store_->Write(SetNotificationCursor{"of the past", 0}).ok());
  clock_.Advance(2 * kRetain);
  EXPECT_EQ(*ArchiveDue(1 << 14, {"ops", "new"}), 32u);
}

// The file of a pass that was killed before its commit: it may end elsewhere than that of now.
TEST_F(ArchivistTest, ALeftOverOfACrashIsReplaced) {
  Happens(40);
  fs::create_directory(folder_.File("archive"));
  std::ofstream(folder_.File("archive/audit-000000000000-000000000015.jsonl")) << "half of it";
  std::ofstream(folder_.File("archive/notes.txt")) << "somebody's";
  clock_.Advance(2 * kRetain);
  EXPECT_EQ(*ArchiveDue(), 32u);
  EXPECT_THAT(Files(), ElementsAre("audit-000000000000-000000000031.jsonl", "notes.txt"));
}

TEST_F(ArchivistTest, NothingGoesWhenTheFileCannotBeWritten) {
  Happens(40);
  std::ofstream(folder_.File("archive")) << "in the way";
  clock_.Advance(2 * kRetain);
  EXPECT_FALSE(ArchiveDue().ok());
  EXPECT_EQ(*store_->FirstKept(), 0u);
  key_.broken = true;
  fs::remove(folder_.File("archive"));
  EXPECT_TRUE(absl::IsUnavailable(ArchiveDue().status()));
  EXPECT_EQ(*store_->FirstKept(), 0u);
  key_.broken = false;
  EXPECT_EQ(*ArchiveDue(), 32u);
}

// Any other bytes than those that were written are found before an entry goes.
TEST_F(ArchivistTest, AFileThatIsNotWhatWasWrittenIsFound) {
  Happens(32);
  const StoredCheckpoint checkpoint = *store_->GetCheckpointAt(32);
  EXPECT_EQ(checkpoint.root, contract::OpenCheckpoint(checkpoint.note, key_.verifier())->root);
  const std::string text = ArchiveText(kOrigin, Get(store_->ReadAudit(16, 16)), checkpoint);
  EXPECT_EQ(LeavesOfArchive(text, kOrigin, 16, checkpoint)->size(), 16u);
  EXPECT_FALSE(LeavesOfArchive(text, kOrigin, 0, checkpoint).ok());
  EXPECT_FALSE(LeavesOfArchive(text, "resetctl.controller/other", 16, checkpoint).ok());
  EXPECT_FALSE(LeavesOfArchive(text + text, kOrigin, 16, checkpoint).ok());
  EXPECT_FALSE(LeavesOfArchive("", kOrigin, 16, checkpoint).ok());
  const std::vector<std::string> leaves = *LeavesOfArchive(text, kOrigin, 16, checkpoint);
  for (size_t i = 0; i < text.size(); i += 7) {
    std::string changed = text;
    changed[i] ^= 1;
    // Another leaf than the store's is for the store to refuse.
    const auto read = LeavesOfArchive(changed, kOrigin, 16, checkpoint);
    EXPECT_TRUE(!read.ok() || *read != leaves) << i;
    EXPECT_FALSE(LeavesOfArchive(text.substr(0, i), kOrigin, 16, checkpoint).ok()) << i;
  }
}

TEST_F(ArchivistTest, StopsBetweenTwoFiles) {
  Happens(64);
  clock_.Advance(2 * kRetain);
  Archivist archivist(*store_, clock_,
                      {.folder = folder_.File("archive"), .origin = kOrigin, .retain = kRetain});
  archivist.Stop();
  EXPECT_EQ(*archivist.ArchiveDue(), 0u);
  EXPECT_THAT(Files(), IsEmpty());
}

}  // namespace
}  // namespace resetctl::controller

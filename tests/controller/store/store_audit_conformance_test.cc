#include "proto/contract/merkle.h"
#include "tests/controller/store/store_conformance.h"

namespace resetctl::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(StoreTest, AnEmptyLogHasASignedCheckpoint) {
  const StoredCheckpoint stored = *store_->GetCheckpoint();
  const contract::Checkpoint opened = *contract::OpenCheckpoint(stored.note, key_.verifier());
  EXPECT_EQ(opened.size, 0u);
  EXPECT_EQ(opened.root, contract::MerkleRoot({}));
}

TEST_P(StoreTest, TheCheckpointSignsTheRootOfAllLeaves) {
  std::vector<std::string> roots;
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(store_
                    ->Commit(Change(), AuditTrail(AnEntry("login", absl::StrCat("a", i)))
                                           .And(AnEntry("login", absl::StrCat("b", i))))
                    .ok());
  }
  const StoredCheckpoint stored = *store_->GetCheckpoint();
  const contract::Checkpoint opened = *contract::OpenCheckpoint(stored.note, key_.verifier());
  std::vector<std::string> leaves;
  for (const StoredAuditEntry& entry : Get(store_->ReadAudit(0, 100))) {
    EXPECT_EQ(entry.index, leaves.size());
    leaves.push_back(contract::LeafHash(entry.bytes));
  }
  EXPECT_EQ(leaves.size(), 18u);
  EXPECT_EQ(opened.size, 18u);
  EXPECT_EQ(opened.root, contract::MerkleRoot(leaves));
  EXPECT_EQ(opened.root, stored.root);
  EXPECT_EQ(opened.origin, kOrigin);
}

TEST_P(StoreTest, ARefusedMutationTakesTheWholeChangeWithIt) {
  const PlanRecord plan = StoredPlan();
  const uint64_t size = LogSize();
  PlanRecord moved = plan;
  moved.state = v1::PLAN_STATE_APPROVED;
  PlanRecord illegal = plan;
  illegal.version = 2;
  illegal.state = v1::PLAN_STATE_CONSUMED;
  EXPECT_FALSE(Commit(InsertApproval{ADecision(plan, "bob", "approve")}, UpdatePlan{moved},
                      UpdatePlan{illegal})
                   .ok());
  EXPECT_EQ(store_->GetPlan(plan.id)->state, v1::PLAN_STATE_PENDING_APPROVAL);
  EXPECT_THAT(*store_->ListApprovals(plan.id), IsEmpty());
  EXPECT_EQ(LogSize(), size);
}

TEST_P(StoreTest, AnAuditEntryThatCannotBeWrittenTakesTheChangeWithIt) {
  const PlanRecord plan = APlan().Build();
  const std::string note = store_->GetCheckpoint()->note;
  key_.broken = true;
  EXPECT_TRUE(absl::IsUnavailable(Commit(InsertPlan{plan, "bundle"})));
  key_.broken = false;
  EXPECT_TRUE(absl::IsNotFound(store_->GetPlan(plan.id).status()));
  EXPECT_FALSE(store_->GetBundle(plan.bundle_digest).ok());
  EXPECT_THAT(*store_->ReadAudit(0, 10), IsEmpty());
  EXPECT_EQ(store_->GetCheckpoint()->note, note);
  EXPECT_TRUE(Commit(InsertPlan{plan, "bundle"}).ok());
}

TEST_P(StoreTest, TheReceiptNamesItsEntries) {
  EXPECT_EQ(store_->Commit(Change(), AuditTrail(AnEntry("a")).And(AnEntry("b")))->first_audit_index,
            0u);
  const CommitReceipt receipt = *store_->Commit(Change(), AuditTrail(AnEntry("c")));
  EXPECT_EQ(receipt.first_audit_index, 2u);
  EXPECT_EQ(receipt.audit_size, 3u);
}

TEST_P(StoreTest, ListsTheAuditLogNewestFirstByFilter) {
  const auto log = [this](v1::AuditEntry entry) {
    ASSERT_TRUE(store_->Commit(Change(), AuditTrail(std::move(entry))).ok());
  };
  log(AnEntry("plan.create", "p-aa11", "alice", "production"));
  log(AnEntry("plan.approve", "p-aa11", "bob", "production"));
  log(AnEntry("plan.create", "p-bb22", "alice", "staging"));
  log(AnEntry("login.fail", "alice", "mallory", ""));
  const auto indexes = [this](const AuditFilter& filter) {
    std::vector<uint64_t> found;
    for (const StoredAuditEntry& entry : Get(store_->ListAudit(filter, {})).items) {
      found.push_back(entry.index);
    }
    return found;
  };
  EXPECT_THAT(indexes({}), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(indexes({.person = "alice"}), ElementsAre(3, 2, 0));
  EXPECT_THAT(indexes({.environments = {"production"}}), ElementsAre(1, 0));
  EXPECT_THAT(indexes({.subject = "p-aa"}), ElementsAre(1, 0));
  EXPECT_THAT(indexes({.subject = "p_aa"}), IsEmpty());
  EXPECT_THAT(indexes({.action = "plan.create"}), ElementsAre(2, 0));
  log(AnEntry("run.event", "r-cc33", "agent", "production"));
  EXPECT_THAT(indexes({.environments = {"production"}}), ElementsAre(4, 1, 0));
  EXPECT_THAT(indexes({.environments = {"production"}, .without_events = true}), ElementsAre(1, 0));

  PageOf<StoredAuditEntry> page = *store_->ListAudit({}, {3, ""});
  ASSERT_EQ(page.items.size(), 3u);
  page = *store_->ListAudit({}, {3, page.next_token});
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[1].index, 0u);
  EXPECT_EQ(page.next_token, "");
}

}  // namespace
}  // namespace resetctl::controller

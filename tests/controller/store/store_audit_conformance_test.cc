#include <algorithm>

#include "controller/service/wire_time.h"
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

  EXPECT_THAT(indexes({.subjects = {"p-aa11", "r-cc33"}}), ElementsAre(4, 1, 0));
  EXPECT_THAT(indexes({.subject = "p-aa11 and more"}), IsEmpty());
  EXPECT_THAT(indexes({.environments = {"production", "staging"}, .action = "plan.create"}),
              ElementsAre(2, 0));

  PageOf<StoredAuditEntry> page = *store_->ListAudit({}, {3, ""});
  ASSERT_EQ(page.items.size(), 3u);
  page = *store_->ListAudit({}, {3, page.next_token});
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[1].index, 0u);
  EXPECT_EQ(page.next_token, "");
}

// Whichever of its filters the store searches by, the others are looked at too.
TEST_P(StoreTest, EveryCombinationOfFiltersGivesWhatFits) {
  const char* const kPersons[] = {"alice", "bob"};
  const char* const kActions[] = {"plan.create", "login", "run.event"};
  const char* const kSubjects[] = {"p-aa11bb22", "p-aa11cc33", "alice", ""};
  const char* const kEnvironments[] = {"production", "staging", ""};
  std::vector<v1::AuditEntry> log;
  for (int i = 0; i < 200; ++i) {
    v1::AuditEntry entry = AnEntry(kActions[i % 3], kSubjects[i / 3 % 4], kPersons[i / 12 % 2],
                                   kEnvironments[i / 5 % 3]);
    entry.mutable_time()->set_seconds(absl::ToUnixSeconds(Start()) + i / 2);
    log.push_back(entry);
    ASSERT_TRUE(store_->Commit(Change(), AuditTrail(entry)).ok());
  }
  const auto fits = [](const AuditFilter& filter, const v1::AuditEntry& entry) {
    const auto any = [](const std::vector<std::string>& of, const std::string& value) {
      return of.empty() || std::find(of.begin(), of.end(), value) != of.end();
    };
    const absl::Time time = absl::FromUnixSeconds(entry.time().seconds());
    return any(filter.environments, entry.environment()) && any(filter.subjects, entry.subject()) &&
           entry.subject().rfind(filter.subject, 0) == 0 &&
           (filter.action.empty() || entry.action() == filter.action) &&
           (filter.person.empty() || entry.actor() == "person:" + filter.person ||
            entry.subject() == filter.person) &&
           !(filter.without_events && entry.action() == "run.event") &&
           (!filter.since || time >= *filter.since) && (!filter.until || time < *filter.until);
  };
  // The last of them: from an entry on, which may be after the time filter's first.
  constexpr uint64_t kFirst = 55;
  int compared = 0;
  for (int which = 0; which < 512; ++which) {
    AuditFilter filter;
    if (which & 1) filter.person = "alice";
    if (which & 2) filter.environments = {"production", ""};
    if (which & 4) filter.subject = (which & 8) != 0 ? "p-aa" : "p-aa11b";
    if (which & 8) filter.subjects = {"p-aa11bb22", "alice"};
    if (which & 16) filter.action = "login";
    if (which & 32) filter.without_events = true;
    if (which & 64) filter.since = Start() + absl::Seconds(20);
    if (which & 128) filter.until = Start() + absl::Seconds(80);
    if (which & 256) filter.first = kFirst;
    std::vector<uint64_t> expected;
    for (size_t i = log.size(); i-- > filter.first;) {
      if (fits(filter, log[i])) expected.push_back(i);
    }
    std::vector<uint64_t> found;
    PageRequest page{7, ""};
    do {
      PageOf<StoredAuditEntry> part = Get(store_->ListAudit(filter, page));
      for (const StoredAuditEntry& entry : part.items) found.push_back(entry.index);
      page.token = part.next_token;
    } while (!page.token.empty());
    EXPECT_EQ(found, expected) << which;
    compared += static_cast<int>(expected.size());
  }
  EXPECT_GT(compared, 1000);
}

TEST_P(StoreTest, ProvesEveryEntryAndEveryGrowth) {
  std::vector<std::string> leaves;
  std::vector<std::string> roots = {store_->GetCheckpoint()->root};
  for (int i = 0; i < 70; ++i) {
    ASSERT_TRUE(store_->Commit(Change(), AuditTrail(AnEntry("login", absl::StrCat(i)))).ok());
    leaves.push_back(contract::LeafHash(Get(store_->ReadAudit(i, 1)).front().bytes));
    roots.push_back(store_->GetCheckpoint()->root);
  }
  for (uint64_t size = 1; size < roots.size(); ++size) {
    for (uint64_t other = 0; other < size; ++other) {
      EXPECT_TRUE(contract::VerifyInclusion(leaves[other], other, size,
                                            Get(store_->ProveInclusion(other, size)), roots[size]));
      EXPECT_TRUE(contract::VerifyConsistency(other, roots[other], size, roots[size],
                                              Get(store_->ProveConsistency(other, size))));
    }
  }
  EXPECT_THAT(*store_->ProveConsistency(70, 70), IsEmpty());
}

TEST_P(StoreTest, ProvesNothingAboutEntriesThatAreNotThere) {
  ASSERT_TRUE(store_->Commit(Change(), AuditTrail(AnEntry("a")).And(AnEntry("b"))).ok());
  for (const auto& proof : {store_->ProveInclusion(2, 2), store_->ProveInclusion(0, 3),
                            store_->ProveInclusion(~uint64_t{0}, 2), store_->ProveInclusion(0, 0),
                            store_->ProveConsistency(1, 3), store_->ProveConsistency(2, 1)}) {
    EXPECT_EQ(contract::ReasonOf(proof.status()), v1::REASON_INVALID_ARGUMENT);
  }
}

// ---- archives

TEST_P(StoreTest, ArchivedEntriesGoAndAreStillProved) {
  std::vector<std::string> leaves;
  std::vector<std::string> roots = {store_->GetCheckpoint()->root};
  for (int i = 0; i < 70; ++i) {
    v1::AuditEntry entry = AnEntry("login", absl::StrCat(i));
    entry.mutable_time()->set_seconds(absl::ToUnixSeconds(Start()) + i);
    ASSERT_TRUE(store_->Commit(Change(), AuditTrail(entry)).ok());
    leaves.push_back(contract::LeafHash(Get(store_->ReadAudit(i, 1)).front().bytes));
    roots.push_back(store_->GetCheckpoint()->root);
  }
  const auto archive = [&](uint64_t first, uint64_t end) {
    return Commit(ArchiveEntries{
        {first, end, absl::StrCat("file-", first), "sha256:00"},
        {leaves.begin() + static_cast<long>(first), leaves.begin() + static_cast<long>(end)}});
  };
  EXPECT_EQ(*store_->FirstKept(), 0u);
  ASSERT_TRUE(archive(0, 16).ok());
  ASSERT_TRUE(archive(16, 48).ok());
  EXPECT_EQ(*store_->FirstKept(), 48u);
  EXPECT_EQ(store_->FindArchive(15)->file, "file-0");
  EXPECT_EQ(store_->FindArchive(16)->file, "file-16");
  EXPECT_EQ(store_->FindArchive(47)->end, 48u);
  EXPECT_TRUE(absl::IsNotFound(store_->FindArchive(48).status()));
  EXPECT_EQ(LogSize(), 72u);

  EXPECT_EQ(Get(store_->ReadAudit(0, 5)).front().index, 48u);
  EXPECT_EQ(Get(store_->ListAudit({}, {500, ""})).items.back().index, 48u);
  EXPECT_THAT(Get(store_->ListAudit({.subject = "47"}, {})).items, IsEmpty());
  EXPECT_EQ(*store_->FirstAt(Start() - absl::Hours(1)), 48u);
  EXPECT_EQ(*store_->FirstAt(Start() + absl::Seconds(50)), 50u);
  EXPECT_EQ(*store_->FirstAt(Start() + absl::Hours(1)), 72u);
  EXPECT_EQ(
      Get(store_->ListAudit(
              {.since = Start() + absl::Seconds(60), .until = Start() + absl::Seconds(62)}, {}))
          .items.size(),
      2u);

  for (uint64_t size = 1; size < roots.size(); ++size) {
    EXPECT_EQ(store_->GetCheckpointAt(size)->root, roots[size]);
    for (uint64_t other = 0; other < size; ++other) {
      EXPECT_TRUE(contract::VerifyInclusion(leaves[other], other, size,
                                            Get(store_->ProveInclusion(other, size)), roots[size]));
      EXPECT_TRUE(contract::VerifyConsistency(other, roots[other], size, roots[size],
                                              Get(store_->ProveConsistency(other, size))));
    }
  }
  const StoredCheckpoint at = *store_->GetCheckpointAt(48);
  EXPECT_EQ(contract::OpenCheckpoint(at.note, key_.verifier())->size, 48u);
  EXPECT_EQ(contract::ReasonOf(store_->GetCheckpointAt(73).status()), v1::REASON_INVALID_ARGUMENT);
}

TEST_P(StoreTest, AnArchiveThatIsNotTheLogsTakesNothing) {
  std::vector<std::string> leaves;
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(store_->Commit(Change(), AuditTrail(AnEntry("login", absl::StrCat(i)))).ok());
    leaves.push_back(contract::LeafHash(Get(store_->ReadAudit(i, 1)).front().bytes));
  }
  const auto archive = [&](uint64_t first, uint64_t end, std::vector<std::string> hashes) {
    return Commit(ArchiveEntries{{first, end, "file", "sha256:00"}, std::move(hashes)});
  };
  const auto part = [&](size_t begin, size_t end) {
    return std::vector<std::string>(leaves.begin() + static_cast<long>(begin),
                                    leaves.begin() + static_cast<long>(end));
  };
  std::vector<std::string> changed = part(0, 16);
  changed[15] = leaves[16];
  EXPECT_TRUE(absl::IsDataLoss(archive(0, 16, changed)));
  EXPECT_TRUE(absl::IsAborted(archive(16, 32, part(16, 32))));
  EXPECT_TRUE(absl::IsInvalidArgument(archive(0, 17, part(0, 17))));
  EXPECT_TRUE(absl::IsInvalidArgument(archive(0, 16, part(0, 15))));
  EXPECT_TRUE(absl::IsInvalidArgument(archive(0, 0, {})));
  EXPECT_TRUE(absl::IsInvalidArgument(archive(0, 64, part(0, 40))));
  EXPECT_EQ(*store_->FirstKept(), 0u);
  EXPECT_EQ(Get(store_->ReadAudit(0, 100)).size(), 40u);
  EXPECT_EQ(LogSize(), 40u);
  EXPECT_TRUE(archive(0, 32, part(0, 32)).ok());
}

// Order and time agree, whatever the clock does; what it said is not lost.
TEST_P(StoreTest, TheTimeOfEntriesNeverGoesBack) {
  const auto at = [](absl::Duration after) {
    v1::AuditEntry entry = AnEntry("login");
    SetTime(Start() + after, entry.mutable_time());
    return entry;
  };
  ASSERT_TRUE(store_->Commit(Change(), AuditTrail(at(absl::Nanoseconds(5001500)))).ok());
  ASSERT_TRUE(
      store_->Commit(Change(), AuditTrail(at(-absl::Hours(1))).And(at(absl::Seconds(1)))).ok());
  std::vector<absl::Time> times;
  std::vector<std::string> clocks;
  for (const StoredAuditEntry& stored : Get(store_->ReadAudit(0, 10))) {
    v1::AuditEntry entry;
    ASSERT_TRUE(entry.ParseFromString(stored.bytes));
    times.push_back(TimeOf(entry.time()));
    clocks.push_back(entry.evidence().contains("clock") ? entry.evidence().at("clock") : "");
  }
  EXPECT_THAT(times, ElementsAre(Start() + absl::Microseconds(5001),
                                 Start() + absl::Microseconds(5001), Start() + absl::Seconds(1)));
  EXPECT_THAT(clocks,
              ElementsAre("", absl::FormatTime(Start() - absl::Hours(1), absl::UTCTimeZone()), ""));
}

}  // namespace
}  // namespace resetctl::controller

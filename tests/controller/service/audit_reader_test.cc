#include "controller/service/audit_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/service/wire_time.h"
#include "proto/contract/merkle.h"
#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

using contract::ReasonOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The indexes of a list's records.
std::vector<uint64_t> Indexes(const absl::StatusOr<v1::ListEntriesResponse>& response) {
  EXPECT_TRUE(response.ok()) << response.status();
  std::vector<uint64_t> indexes;
  if (response.ok()) {
    for (const v1::AuditRecord& record : response->records()) indexes.push_back(record.index());
  }
  return indexes;
}

std::vector<std::string> Hashes(const google::protobuf::RepeatedPtrField<std::string>& hashes) {
  return {hashes.begin(), hashes.end()};
}

void Log(House& house, const std::string& action, const std::string& subject,
         const std::string& environment) {
  const Act act{.action = action, .subject = subject, .environment = environment};
  ASSERT_TRUE(house.store.Commit(Change(), AuditTrail(EntryBySystem(act, house.clock.Now()))).ok());
}

TEST(AuditReaderTest, ShowsWhatTheCallerMayRead) {
  House house;
  const uint64_t first = house.store.GetCheckpoint()->size;
  Log(house, "plan.create", "p-1", "staging");
  Log(house, "plan.create", "p-2", "production");
  Log(house, "login", "alice", "");
  const auto seen = [&](const std::string& person) {
    return Indexes(house.audit_reader.ListEntries(house.As(person), {}));
  };
  EXPECT_THAT(seen("nightly"), ElementsAre(first));
  EXPECT_THAT(seen("carol"), IsEmpty());
  const std::vector<uint64_t> all = seen("alice");
  ASSERT_GE(all.size(), 3u);
  EXPECT_EQ(all[0], first + 2);
}

TEST(AuditReaderTest, FindsByTime) {
  House house;
  const absl::Time start = house.clock.Now();
  const uint64_t first = house.store.GetCheckpoint()->size;
  for (int i = 1; i <= 3; ++i) {
    house.clock.Advance(absl::Minutes(1));
    Log(house, "login", "alice", "");
  }
  v1::ListEntriesRequest request;
  SetTime(start + absl::Minutes(2), request.mutable_since());
  EXPECT_THAT(Indexes(house.audit_reader.ListEntries(house.As("alice"), request)),
              ElementsAre(first + 2, first + 1));
  SetTime(start + absl::Minutes(3), request.mutable_until());
  EXPECT_THAT(Indexes(house.audit_reader.ListEntries(house.As("alice"), request)),
              ElementsAre(first + 1));
}

// Whoever follows the log asks on from its size, and is told of nothing twice, whatever fits.
TEST(AuditReaderTest, GoesOnFromTheSizeThatItGave) {
  House house;
  v1::ListEntriesRequest request;
  request.set_action("plan.create");
  const auto before = house.audit_reader.ListEntries(house.As("alice"), request);
  EXPECT_EQ(before->size(), house.store.GetCheckpoint()->size);
  request.set_first_index(before->size());
  Log(house, "login", "alice", "");
  Log(house, "plan.create", "p-1", "staging");
  Log(house, "login", "alice", "");
  const auto more = house.audit_reader.ListEntries(house.As("alice"), request);
  EXPECT_THAT(Indexes(more), ElementsAre(before->size() + 1));
  EXPECT_EQ(more->size(), before->size() + 3);
  request.set_first_index(~uint64_t{0});
  EXPECT_THAT(Indexes(house.audit_reader.ListEntries(house.As("alice"), request)), IsEmpty());
  // Also for whom there is nothing to read.
  EXPECT_EQ(house.audit_reader.ListEntries(house.As("carol"), {})->size(), more->size());
}

TEST(AuditReaderTest, SaysWhichFileArchivedEntriesAreIn) {
  House house;
  for (int i = 0; i < 20; ++i) Log(house, "login", "alice", "");
  const auto old = house.store.ReadAudit(0, 16);
  std::vector<std::string> leaves;
  for (const StoredAuditEntry& entry : *old) leaves.push_back(contract::LeafHash(entry.bytes));
  v1::ExportEntriesRequest request;
  ASSERT_TRUE(house.audit_reader.ExportEntries(house.As("alice"), request).ok());
  ASSERT_TRUE(house.store
                  .Commit(Change().Add(ArchiveEntries{{0, 16, "audit-0-15", "sha256:00"}, leaves}),
                          AuditTrail(EntryBySystem({.action = "audit.archive"}, house.clock.Now())))
                  .ok());
  for (const uint64_t first : {0, 15}) {
    request.set_first(first);
    const absl::Status status =
        house.audit_reader.ExportEntries(house.As("alice"), request).status();
    EXPECT_EQ(ReasonOf(status), v1::REASON_ENTRIES_ARCHIVED);
    EXPECT_THAT(contract::ProblemOf(status).message(),
                HasSubstr("from 0 to 15 are in the archive file audit-0-15"));
  }
  request.set_first(16);
  EXPECT_EQ(house.audit_reader.ExportEntries(house.As("alice"), request)->records(0).index(), 16u);
  const auto listed = house.audit_reader.ListEntries(house.As("alice"), {});
  EXPECT_EQ(listed->archived(), 16u);
  EXPECT_EQ(Indexes(listed).back(), 16u);
}

TEST(AuditReaderTest, APlansEntriesIncludeThoseOfItsRuns) {
  Ready house;
  const auto run = house.Run();
  ASSERT_TRUE(run.ok()) << run.status();
  v1::ListEntriesRequest of_run;
  of_run.set_run_id(run->run().id().substr(0, 8));
  const auto runs = house.audit_reader.ListEntries(house.As("alice"), of_run);
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_GE(runs->records_size(), 1);
  v1::ListEntriesRequest of_plan;
  of_plan.set_plan_id(run->run().plan_id());
  const auto plans = house.audit_reader.ListEntries(house.As("alice"), of_plan);
  ASSERT_TRUE(plans.ok()) << plans.status();
  EXPECT_GT(plans->records_size(), runs->records_size());
  EXPECT_EQ(plans->records(0).index(), runs->records(0).index());

  EXPECT_EQ(ReasonOf(house.audit_reader.ListEntries(house.As("carol"), of_run).status()),
            v1::REASON_ROLE_MISSING);
  EXPECT_EQ(ReasonOf(house.audit_reader.ListEntries(house.As("carol"), of_plan).status()),
            v1::REASON_ROLE_MISSING);
  of_plan.set_run_id(run->run().id());
  EXPECT_EQ(ReasonOf(house.audit_reader.ListEntries(house.As("alice"), of_plan).status()),
            v1::REASON_INVALID_ARGUMENT);
}

TEST(AuditReaderTest, ProvesThatTheLogOnlyGrew) {
  House house;
  Log(house, "login", "alice", "");
  const auto before = *house.audit_reader.GetCheckpoint();
  EXPECT_EQ(before.log_key(), "log-key");
  for (int i = 0; i < 5; ++i) Log(house, "login", "alice", "");
  v1::GetConsistencyProofRequest request;
  request.set_old_size(before.size());
  const auto proof = *house.audit_reader.GetConsistencyProof(request);
  const auto now = *house.audit_reader.GetCheckpoint();
  EXPECT_EQ(proof.size(), now.size());
  EXPECT_EQ(proof.checkpoint(), now.checkpoint());
  EXPECT_TRUE(contract::VerifyConsistency(before.size(), before.root(), now.size(), now.root(),
                                          Hashes(proof.hashes())));
}

// Whoever has seen more than there is gets the checkpoint that shows it.
TEST(AuditReaderTest, ALogThatWasRolledBackShowsItsCheckpoint) {
  House house;
  const auto now = *house.audit_reader.GetCheckpoint();
  v1::GetConsistencyProofRequest request;
  request.set_old_size(now.size() + 1);
  const auto proof = *house.audit_reader.GetConsistencyProof(request);
  EXPECT_EQ(proof.size(), now.size());
  EXPECT_EQ(proof.checkpoint(), now.checkpoint());
  EXPECT_EQ(proof.hashes_size(), 0);
}

TEST(AuditReaderTest, ProvesAnEntry) {
  House house;
  for (int i = 0; i < 5; ++i) Log(house, "login", "alice", "");
  const auto now = *house.audit_reader.GetCheckpoint();
  v1::GetInclusionProofRequest request;
  request.set_index(3);
  const auto proof = *house.audit_reader.GetInclusionProof(request);
  const std::string leaf = contract::LeafHash((*house.store.ReadAudit(3, 1))[0].bytes);
  EXPECT_TRUE(contract::VerifyInclusion(leaf, 3, now.size(), Hashes(proof.hashes()), now.root()));
  request.set_index(now.size());
  EXPECT_EQ(ReasonOf(house.audit_reader.GetInclusionProof(request).status()),
            v1::REASON_INVALID_ARGUMENT);
}

// Whoever holds a checkpoint has entries proved in its tree, however the log has grown since.
TEST(AuditReaderTest, ProvesAnEntryInAnEarlierTree) {
  House house;
  for (int i = 0; i < 5; ++i) Log(house, "login", "alice", "");
  const auto before = *house.audit_reader.GetCheckpoint();
  for (int i = 0; i < 6; ++i) Log(house, "login", "bob", "");
  v1::GetInclusionProofRequest request;
  request.set_index(3);
  request.set_size(before.size());
  const auto proof = *house.audit_reader.GetInclusionProof(request);
  EXPECT_EQ(proof.size(), before.size());
  const std::string leaf = contract::LeafHash((*house.store.ReadAudit(3, 1))[0].bytes);
  EXPECT_TRUE(
      contract::VerifyInclusion(leaf, 3, before.size(), Hashes(proof.hashes()), before.root()));
  request.set_size(before.size() + 100);
  EXPECT_EQ(ReasonOf(house.audit_reader.GetInclusionProof(request).status()),
            v1::REASON_INVALID_ARGUMENT);
}

TEST(AuditReaderTest, ExportsTheWholeLogInPages) {
  House house;
  for (int i = 0; i < 7; ++i) Log(house, "login", "alice", "");
  const auto now = *house.audit_reader.GetCheckpoint();
  contract::MerkleFrontier frontier;
  v1::ExportEntriesRequest request;
  request.set_page_size(2);
  while (true) {
    request.set_first(frontier.size());
    const auto page = house.audit_reader.ExportEntries(house.As("alice"), request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->size(), now.size());
    if (page->records_size() == 0) break;
    EXPECT_LE(page->records_size(), 2);
    for (const v1::AuditRecord& record : page->records()) {
      EXPECT_EQ(record.index(), frontier.size());
      frontier.Append(contract::LeafHash(record.entry()));
    }
  }
  EXPECT_EQ(frontier.size(), now.size());
  EXPECT_EQ(frontier.Root(), now.root());
}

TEST(AuditReaderTest, APageOfLargeEntriesHasFewer) {
  House house;
  const uint64_t first = house.store.GetCheckpoint()->size;
  for (int i = 0; i < 30; ++i) Log(house, "login", std::string(100'000, 'a'), "");
  v1::ExportEntriesRequest request;
  request.set_first(first);
  const auto page = house.audit_reader.ExportEntries(house.As("alice"), request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->records_size(), 10);
}

TEST(AuditReaderTest, ExportsForThoseWhoMayReadEverything) {
  House house;
  EXPECT_EQ(ReasonOf(house.audit_reader.ExportEntries(house.As("nightly"), {}).status()),
            v1::REASON_ROLE_MISSING);
  EXPECT_TRUE(house.audit_reader.ExportEntries(house.As("bob"), {}).ok());
}

}  // namespace
}  // namespace resetctl::controller

// An offer's statements must be proved to be in the log that the agent has cosigned.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/service/log_proof.h"
#include "agent/service/plan_maker.h"
#include "agent/service/witness.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/audit.pb.h"
#include "tests/agent/service/run_fixture.h"
#include "tests/support/signed_log.h"

namespace resetctl::agent {
namespace {

using testing::HasSubstr;

// Entries as a controller writes them, in a log that the stage's witness has seen.
class LoggedOfferTest : public RunFixture {
 protected:
  LoggedOfferTest() { log.Grow(3); }

  static v1::AuditEntry Entry(const std::string& action, const v1::SignedStatement& statement) {
    v1::AuditEntry entry;
    entry.set_action(action);
    entry.set_outcome("ok");
    entry.set_environment(kEnvironment);
    entry.set_target(kTarget);
    *entry.mutable_statement() = statement;
    return entry;
  }
  std::vector<v1::AuditEntry> EntriesOf(const v1::RunOffer& offer) {
    std::vector<v1::AuditEntry> entries = {Entry("plan.create", offer.plan_statement())};
    for (const auto& approval : offer.approvals()) {
      entries.push_back(Entry("plan.approve", approval));
    }
    entries.push_back(Entry("run.start", offer.run_statement()));
    return entries;
  }
  // Logs the entries, proves them, and has the witness see the proof, as the link does.
  void Prove(const std::vector<v1::AuditEntry>& entries, v1::RunOffer* offer) {
    std::vector<uint64_t> places;
    for (const v1::AuditEntry& entry : entries)
      places.push_back(log.Append(entry.SerializeAsString()));
    log.Grow(2);
    *offer->mutable_log_proof() = log.Proof(seen);
    for (const uint64_t place : places) *offer->add_logged() = log.Logged(place);
    const v1::LogProof proof = log.Proof(seen);
    ASSERT_TRUE(stage.witness->Take(&proof)->has_cosignature());
    seen = log.size();
  }
  v1::RunOffer Proved() {
    v1::RunOffer offer = OfferDraft(stage).Build();
    Prove(EntriesOf(offer), &offer);
    return offer;
  }

  test::SignedLog log;
  uint64_t seen = 0;
};

TEST_F(LoggedOfferTest, IsTakenWhenEachStatementIsInTheLog) {
  Process process(stage);
  const v1::OfferReply reply = process.Offer(Proved());
  EXPECT_TRUE(reply.accepted()) << reply.problem().message();
  ASSERT_TRUE(stage.database.last_claim.seen_log) << "the target remembers it too";
  EXPECT_EQ(stage.database.last_claim.seen_log->checkpoint(), log.Note());
}

TEST_F(LoggedOfferTest, IsRefusedWithoutProofs) {
  v1::RunOffer offer = Proved();
  offer.clear_logged();
  offer.clear_log_proof();
  EXPECT_EQ(RefusalOf(offer), v1::REASON_LOG_UNPROVED);
}

TEST_F(LoggedOfferTest, IsRefusedWhenOneStatementIsNotProved) {
  v1::RunOffer offer = Proved();
  offer.mutable_logged(1)->set_hashes(0, std::string(32, 'x'));
  EXPECT_EQ(RefusalOf(offer), v1::REASON_LOG_UNPROVED);
}

TEST_F(LoggedOfferTest, IsRefusedWhenAProofIsMissing) {
  v1::RunOffer offer = Proved();
  offer.mutable_logged()->RemoveLast();
  EXPECT_EQ(RefusalOf(offer), v1::REASON_LOG_UNPROVED);
}

TEST_F(LoggedOfferTest, IsRefusedWhenAnEntryHoldsAnotherStatement) {
  v1::RunOffer offer = OfferDraft(stage).Build();
  std::vector<v1::AuditEntry> entries = EntriesOf(offer);
  std::swap(entries[1], entries[2]);  // each approval is in the log, but not where it is said to be
  Prove(entries, &offer);
  EXPECT_EQ(RefusalOf(offer), v1::REASON_LOG_UNPROVED);
}

TEST_F(LoggedOfferTest, IsRefusedWhenTheEntryIsOfARefusal) {
  v1::RunOffer offer = OfferDraft(stage).Build();
  std::vector<v1::AuditEntry> entries = EntriesOf(offer);
  entries[1].set_outcome("SELF_APPROVAL");
  Prove(entries, &offer);
  EXPECT_EQ(RefusalOf(offer), v1::REASON_LOG_UNPROVED);
}

TEST_F(LoggedOfferTest, IsRefusedWhenTheEntryIsAboutAnotherTarget) {
  v1::RunOffer offer = OfferDraft(stage).Build();
  std::vector<v1::AuditEntry> entries = EntriesOf(offer);
  entries[3].set_target("other");
  Prove(entries, &offer);
  EXPECT_EQ(RefusalOf(offer), v1::REASON_LOG_UNPROVED);
}

// A key that is not the log's proves nothing, however well its proofs hold.
TEST_F(LoggedOfferTest, IsRefusedUnderAnotherLogsCheckpoint) {
  v1::RunOffer offer = Proved();
  test::SignedLog other;
  other.Grow(1);
  offer.clear_logged();
  std::vector<uint64_t> places;
  for (const v1::AuditEntry& entry : EntriesOf(offer)) {
    places.push_back(other.Append(entry.SerializeAsString()));
  }
  for (const uint64_t place : places) *offer.add_logged() = other.Logged(place);
  *offer.mutable_log_proof() = other.Proof(0);
  EXPECT_EQ(RefusalOf(offer), v1::REASON_LOG_UNPROVED);
}

TEST_F(LoggedOfferTest, NothingIsWorkedOnInAnAlarm) {
  Process process(stage);
  v1::RunOffer offer = Proved();
  stage.hooks.failing = {"restart"};
  ASSERT_TRUE(process.Offer(offer).accepted());
  log.Rewrite(0, "rewritten");
  const v1::LogProof proof = log.Grow(1).Proof(seen);
  ASSERT_TRUE(stage.witness->Take(&proof)->has_witness_alarm());

  OfferDraft next(stage);
  next.run_id = "r-2";
  EXPECT_EQ(process.Offer(next.Build()).problem().reason(), v1::REASON_LOG_FORKED);
  EXPECT_EQ(process.Resume(ResumeOf(offer)).problem().reason(), v1::REASON_LOG_FORKED);
  const v1::PlanReply plan = PlanMaker(stage.parts).MakePlan(stage.PlanOrder(stage.PlanWords()));
  ASSERT_EQ(plan.problems_size(), 1);
  EXPECT_EQ(plan.problems(0).reason(), v1::REASON_LOG_FORKED);
  EXPECT_THAT(plan.problems(0).advice(), HasSubstr("reset-agent witness accept"));
  EXPECT_EQ(stage.database.surveys, 0);
}

}  // namespace
}  // namespace resetctl::agent

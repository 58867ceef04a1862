#include "agent/service/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/service/plan_maker.h"
#include "tests/agent/service/run_fixture.h"

namespace resetctl::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RecoveryTest : public RunFixture {
 protected:
  // The journal of a run whose process died after `records`.
  void LeaveBehind(const v1::RunOffer& offer, const std::vector<v1::JournalRecord>& records) {
    Process process(stage);
    ASSERT_TRUE(process.book.Open(offer.run_id()).ok());
    v1::JournalRecord first;
    *first.mutable_offer() = offer;
    ASSERT_TRUE(process.book.Record(offer.run_id(), first).ok());
    for (const v1::JournalRecord& record : records) {
      ASSERT_TRUE(process.book.Record(offer.run_id(), record).ok());
    }
  }
  static v1::JournalRecord Claimed() {
    v1::JournalRecord record;
    record.mutable_claim()->set_fence(7);
    return record;
  }
  static v1::JournalRecord BeforeDone() {
    v1::JournalRecord record;
    record.mutable_hook()->set_phase(v1::JournalHook::PHASE_BEFORE);
    record.mutable_hook()->set_done(true);
    record.mutable_hook()->set_outcome(v1::EVENT_KIND_SUCCEEDED);
    return record;
  }
  static v1::JournalRecord AboutToCommit() {
    v1::JournalRecord record;
    record.mutable_about_to_commit()->set_xid("9");
    return record;
  }
  static v1::JournalRecord Committed() {
    v1::JournalRecord record;
    record.mutable_committed()->set_rows_cleared(40);
    return record;
  }
  v1::RunReport Recover(const std::string& run_id) {
    next = std::make_unique<Process>(stage);
    Recovery(stage.parts, next->book, next->settler).SettleOpenRuns();
    return next->Report(run_id);
  }

  std::unique_ptr<Process> next;
};

TEST_F(RecoveryTest, AnUnclaimedRunIsRefused) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  LeaveBehind(offer, {});
  EXPECT_EQ(Recover(offer.run_id()).state(), v1::RUN_STATE_REFUSED);
  EXPECT_FALSE(next->Offer(offer).accepted()) << "and its offer does not come back";
}

TEST_F(RecoveryTest, KilledBeforeTheCommitItRolledBackAndIsUndone) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  LeaveBehind(offer, {Claimed(), BeforeDone()});
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCommitted)};
  EXPECT_EQ(Recover(offer.run_id()).state(), v1::RUN_STATE_ROLLED_BACK);
  EXPECT_THAT(stage.hooks.ran, ElementsAre("off"));
  EXPECT_THAT(stage.database.log, ElementsAre("close ROLLED_BACK"));
}

TEST_F(RecoveryTest, KilledDuringTheCommitItAsksUntilTheLedgerIsCertain) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  LeaveBehind(offer, {Claimed(), AboutToCommit()});
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCertain), Ledger(LedgerAnswer::kCommitted)};
  const v1::RunReport report = Recover(offer.run_id());
  EXPECT_EQ(report.state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(report.result().rows_cleared(), 40);
  EXPECT_THAT(stage.hooks.ran, ElementsAre("restart", "warm"));
}

TEST_F(RecoveryTest, KilledAfterTheCommitItFinishesWhatIsLeft) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  v1::JournalRecord restarted;
  restarted.mutable_hook()->set_phase(v1::JournalHook::PHASE_AFTER);
  restarted.mutable_hook()->set_done(true);
  restarted.mutable_hook()->set_outcome(v1::EVENT_KIND_SUCCEEDED);
  LeaveBehind(offer, {Claimed(), AboutToCommit(), Committed(), restarted});
  stage.database.ledger = {Ledger(LedgerAnswer::kCommitted)};
  EXPECT_EQ(Recover(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_THAT(stage.hooks.ran, ElementsAre("warm"));
}

TEST_F(RecoveryTest, ACommitThatTheLedgerLostNeedsAttention) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  LeaveBehind(offer, {Claimed(), AboutToCommit(), Committed()});
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCommitted)};
  const v1::RunReport report = Recover(offer.run_id());
  EXPECT_EQ(report.state(), v1::RUN_STATE_NEEDS_ATTENTION);
  EXPECT_EQ(report.problem().reason(), v1::REASON_COMMIT_LOST);
  EXPECT_THAT(stage.hooks.ran, IsEmpty());
}

TEST_F(RecoveryTest, OnAnotherTimelineACommitThatWasSentIsLostAndOneThatWasNotRolledBack) {
  OfferDraft draft(stage);
  const v1::RunOffer sent = draft.Build();
  draft.run_id = "r-88";
  const v1::RunOffer not_sent = draft.Build();
  LeaveBehind(sent, {Claimed(), BeforeDone(), AboutToCommit()});
  LeaveBehind(not_sent, {Claimed()});
  stage.database.ledger = {Ledger(LedgerAnswer::kOtherTimeline)};
  const v1::RunReport report = Recover(sent.run_id());
  EXPECT_EQ(report.state(), v1::RUN_STATE_NEEDS_ATTENTION);
  EXPECT_EQ(report.problem().reason(), v1::REASON_COMMIT_LOST);
  EXPECT_EQ(next->Report(not_sent.run_id()).state(), v1::RUN_STATE_ROLLED_BACK);
  EXPECT_EQ(stage.cache.flushes, 0);
  EXPECT_THAT(stage.hooks.ran, ElementsAre("off")) << "what was done before is undone";
}

TEST_F(RecoveryTest, ABindingToAnotherServerEndsWhatOnlyTheOldOneKnew) {
  OfferDraft draft(stage);
  const v1::RunOffer sent = draft.Build();
  draft.run_id = "r-88";
  const v1::RunOffer not_sent = draft.Build();
  LeaveBehind(sent, {Claimed(), BeforeDone(), AboutToCommit()});
  LeaveBehind(not_sent, {Claimed()});
  LedgerReading elsewhere;
  elsewhere.server = "72";
  stage.database.ledger = {elsewhere};
  next = std::make_unique<Process>(stage);
  std::vector<std::string> bound = {"72", "71"};  // the first one says nothing of this server
  next->settler.SetMeanwhile([&] {
    next->settler.Rebound(bound.back());
    bound.pop_back();
  });
  Recovery(stage.parts, next->book, next->settler).SettleOpenRuns();
  EXPECT_THAT(bound, IsEmpty());
  const v1::RunReport report = next->Report(sent.run_id());
  EXPECT_EQ(report.state(), v1::RUN_STATE_NEEDS_ATTENTION);
  EXPECT_EQ(report.problem().reason(), v1::REASON_COMMIT_LOST);
  EXPECT_THAT(report.problem().message(), testing::HasSubstr("bound to another server"));
  EXPECT_EQ(next->Report(not_sent.run_id()).state(), v1::RUN_STATE_ROLLED_BACK);
  EXPECT_THAT(stage.hooks.ran, ElementsAre("off")) << "what was done before is undone";
  EXPECT_TRUE(stage.commits.Check().ok()) << "one rebind is enough";
}

TEST_F(RecoveryTest, ATakenOfferIsRefusedOnlyWhenTheDatabaseHoldsNoClaimOfIt) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  LeaveBehind(offer, {});
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCertain), Ledger(LedgerAnswer::kCommitted)};
  EXPECT_EQ(Recover(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED)
      << "a copy of the state directory: the other process went on";
}

TEST_F(RecoveryTest, AfterALostCommitNothingIsPlannedOrRunUntilARebind) {
  const v1::RunOffer lost = OfferDraft(stage).Build();
  OfferDraft draft(stage);
  draft.run_id = "r-88";
  const v1::RunOffer other = draft.Build();
  LeaveBehind(lost, {Claimed(), AboutToCommit(), Committed()});
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCommitted)};
  Recover(lost.run_id());
  const v1::OfferReply reply = next->Offer(other);
  EXPECT_FALSE(reply.accepted());
  EXPECT_EQ(reply.problem().reason(), v1::REASON_COMMIT_LOST);
  EXPECT_THAT(reply.problem().message(), testing::HasSubstr(lost.run_id()));
  PlanMaker plans(stage.parts);
  const v1::PlanReply plan = plans.MakePlan(stage.PlanOrder(stage.PlanWords()));
  ASSERT_EQ(plan.problems_size(), 1);
  EXPECT_EQ(plan.problems(0).reason(), v1::REASON_COMMIT_LOST);

  ASSERT_TRUE(stage.commits.Forget().ok());  // as a rebind does
  draft.run_id = "r-89";
  EXPECT_TRUE(next->Offer(draft.Build()).accepted());
}

TEST_F(RecoveryTest, CommittedButWithoutItsBundleNeedsAttention) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  LeaveBehind(offer, {Claimed(), AboutToCommit()});
  std::filesystem::remove_all(stage.folder.File("plans"));
  stage.database.ledger = {Ledger(LedgerAnswer::kCommitted)};
  EXPECT_EQ(Recover(offer.run_id()).state(), v1::RUN_STATE_NEEDS_ATTENTION);
}

TEST_F(RecoveryTest, AnEndThatWasNotAcknowledgedIsSaidAgain) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  { Process(stage).Offer(offer); }
  stage.hooks.ran.clear();
  EXPECT_EQ(Recover(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_THAT(stage.hooks.ran, IsEmpty());
  EXPECT_EQ(next->book.After(0, 1)[0].message.event().seq(), 1u) << "and its events with it";
}

TEST_F(RecoveryTest, AnExpectedRunThatNobodyKnowsIsRefusedForGood) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.database.ledger = {NoClaim()};
  Process process(stage);
  Recovery(stage.parts, process.book, process.settler).AnswerExpected(offer.run_id());
  EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_REFUSED);
  EXPECT_FALSE(process.Offer(offer).accepted());
}

TEST_F(RecoveryTest, AnExpectedRunThatOnlyAClaimKnowsRolledBack) {
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCommitted)};
  Process process(stage);
  Recovery(stage.parts, process.book, process.settler).AnswerExpected("r-77");
  EXPECT_EQ(process.Report("r-77").state(), v1::RUN_STATE_ROLLED_BACK);
}

TEST_F(RecoveryTest, AnExpectedRunThatWasNotAnsweredIsAskedForByTheNextProcess) {
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCertain)};
  {
    Process process(stage);
    process.settler.Stop();
    Recovery(stage.parts, process.book, process.settler).AnswerExpected("r-77");
    EXPECT_EQ(process.Report("r-77").state(), v1::RUN_STATE_UNKNOWN);
  }
  stage.database.ledger = {Ledger(LedgerAnswer::kCommitted)};
  EXPECT_EQ(Recover("r-77").state(), v1::RUN_STATE_NEEDS_ATTENTION)
      << "an empty journal is no proof that nothing was done";
}

TEST_F(RecoveryTest, AClaimedRunWithoutAClaimInTheDatabaseStaysUnknown) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  LeaveBehind(offer, {Claimed()});
  stage.database.ledger = {NoClaim(), NoClaim(), Ledger(LedgerAnswer::kNotCommitted)};
  EXPECT_EQ(Recover(offer.run_id()).state(), v1::RUN_STATE_ROLLED_BACK);
  EXPECT_EQ(stage.database.ledger_questions, 3);
}

TEST_F(RecoveryTest, TheCacheOfAnotherUrlIsNotFlushed) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  LeaveBehind(offer, {Claimed(), AboutToCommit(), Committed()});
  stage.database.ledger = {Ledger(LedgerAnswer::kCommitted)};
  stage.cache.plan.set_address("10.0.0.9:6379");
  const v1::RunReport report = Recover(offer.run_id());
  EXPECT_EQ(stage.cache.flushes, 0);
  EXPECT_EQ(report.problem().reason(), v1::REASON_CACHE_AFTER_COMMIT);
}

TEST_F(RecoveryTest, AnExpectedRunThatOnlyTheLedgerKnowsNeedsAttention) {
  stage.database.ledger = {Ledger(LedgerAnswer::kCommitted)};
  Process process(stage);
  Recovery(stage.parts, process.book, process.settler).AnswerExpected("r-77");
  EXPECT_EQ(process.Report("r-77").state(), v1::RUN_STATE_NEEDS_ATTENTION);
}

// ---- acknowledgements

TEST_F(RecoveryTest, AnAcknowledgedRunIsClosedAndAnsweredStill) {
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  const v1::RunReport report = process.Report(offer.run_id());
  process.book.AcknowledgeEvents(offer.run_id(), report.last_seq());
  process.book.AcknowledgeReport(offer.run_id(), v1::RUN_STATE_COMMITTED);
  EXPECT_THAT(process.book.OpenRuns(), ElementsAre(offer.run_id()));
  process.book.AcknowledgeReport(offer.run_id(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_THAT(process.book.OpenRuns(), IsEmpty());
  EXPECT_TRUE(process.book.After(0, 10).empty());
  EXPECT_TRUE(process.Offer(offer).accepted()) << "asked again, answered again";
  EXPECT_THAT(stage.database.log, ElementsAre("claim", "reset"));
  EXPECT_THAT(process.book.OpenRuns(), IsEmpty());
}

TEST_F(RecoveryTest, AcknowledgedEventsAreNotSaidAgain) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  {
    Process process(stage);
    process.Offer(offer);
    process.book.AcknowledgeEvents(offer.run_id(), 3);
  }
  Process again(stage);
  EXPECT_EQ(again.book.After(0, 1)[0].message.event().seq(), 4u);
}

}  // namespace
}  // namespace resetctl::agent

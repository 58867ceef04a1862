#include "agent/service/run_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/service/recovery.h"
#include "tests/agent/service/stage.h"

namespace resetctl::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

LedgerReading Ledger(LedgerAnswer answer) {
  LedgerReading reading;
  reading.answer = answer;
  reading.result.set_rows_cleared(40);
  return reading;
}

LedgerReading NoClaim() {
  LedgerReading reading;
  reading.no_claim = true;
  return reading;
}

class RunExecutorTest : public testing::Test {
 protected:
  RunExecutorTest() {
    stage.database.outcome.end = ResetEnd::kCommitted;
    stage.database.outcome.result.set_rows_cleared(40);
  }
  v1::ResumeOffer ResumeOf(const v1::RunOffer& offer) {
    v1::ResumeOffer resume;
    resume.set_run_id(offer.run_id());
    resume.set_document(offer.document());
    resume.set_mac(offer.mac());
    *resume.mutable_resume_statement() = stage.ResumeWords(offer.run_id()).Sign();
    return resume;
  }
  v1::Reason RefusalOf(const v1::RunOffer& offer) {
    Process process(stage);
    const v1::OfferReply reply = process.Offer(offer);
    EXPECT_FALSE(reply.accepted());
    EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_REFUSED);
    EXPECT_THAT(stage.database.log, IsEmpty());
    EXPECT_THAT(stage.hooks.ran, IsEmpty());
    return reply.problem().reason();
  }

  Stage stage;
};

TEST_F(RunExecutorTest, DoesEverythingOnceAndInOrder) {
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  const v1::OfferReply reply = process.Offer(offer);
  EXPECT_TRUE(reply.accepted()) << reply.problem().message();
  EXPECT_EQ(reply.fence(), 7);
  EXPECT_THAT(stage.database.log, ElementsAre("claim", "reset"));
  EXPECT_THAT(stage.hooks.ran, ElementsAre("on", "off", "restart", "warm"));
  EXPECT_EQ(stage.cache.flushes, 1);
  const v1::RunReport report = process.Report(offer.run_id());
  EXPECT_EQ(report.state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(report.result().rows_cleared(), 40);
  EXPECT_EQ(report.result().cache_keys_removed(), 10);
  EXPECT_TRUE(report.result().cache_done());
  EXPECT_EQ(report.result().after_size(), 2);
}

TEST_F(RunExecutorTest, NumbersItsEventsWithoutGaps) {
  Process process(stage);
  process.Offer(OfferDraft(stage).Build());
  uint64_t expected = 0;
  for (const RunBook::Item& item : process.book.After(0, 1000)) {
    if (!item.message.has_event()) continue;
    EXPECT_EQ(item.message.event().seq(), ++expected);
  }
  EXPECT_GT(expected, 8u);
  EXPECT_EQ(process.Report("r-0123456789abcdef").last_seq(), expected);
}

TEST_F(RunExecutorTest, RunsAnOfferThatComesTwiceOnce) {
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  const v1::OfferReply again = process.Offer(offer);
  EXPECT_TRUE(again.accepted());
  EXPECT_EQ(again.fence(), 7);
  EXPECT_THAT(stage.database.log, ElementsAre("claim", "reset"));
}

TEST_F(RunExecutorTest, RefusesARunStatementThatWasUsed) {
  Process process(stage);
  v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  offer.set_run_id("r-aaaa");
  const v1::OfferReply again = process.Offer(offer);
  EXPECT_FALSE(again.accepted());
  EXPECT_EQ(again.problem().reason(), v1::REASON_STATEMENT_REPLAYED);
}

TEST_F(RunExecutorTest, RefusesAPublicParameterThatChangedAndNamesBothValues) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.environment["COMPANY"] = "Other Ltd";
  Process process(stage);
  const v1::OfferReply reply = process.Offer(offer);
  EXPECT_EQ(reply.problem().reason(), v1::REASON_STALE_PARAMETER);
  EXPECT_THAT(reply.problem().message(), HasSubstr("was 'Rentals Ltd', it is 'Other Ltd'"));
}

TEST_F(RunExecutorTest, RefusesASecretThatChangedWithoutTellingIt) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.environment["ADMIN_PASSWORD"] = "another-Secret1";
  Process process(stage);
  const v1::OfferReply reply = process.Offer(offer);
  EXPECT_EQ(reply.problem().reason(), v1::REASON_STALE_PARAMETER);
  EXPECT_EQ(reply.DebugString().find("Secret"), std::string::npos);
}

TEST_F(RunExecutorTest, RefusesAnotherCache) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.cache.plan.set_run_id("beef");
  EXPECT_EQ(RefusalOf(offer), v1::REASON_STALE_CACHE);
}

TEST_F(RunExecutorTest, RefusesACacheOnAnotherIndex) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.cache.plan.set_db(3);
  EXPECT_EQ(RefusalOf(offer), v1::REASON_STALE_CACHE);
}

TEST_F(RunExecutorTest, RefusesWhenARequiredCacheIsAway) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.cache.plan.set_reachable(false);
  EXPECT_EQ(RefusalOf(offer), v1::REASON_CACHE_UNREACHABLE);
}

TEST_F(RunExecutorTest, RefusesACacheMarkedForAnotherEnvironment) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.cache.marker = contract::Error(v1::REASON_IDENTITY_CONFLICT, "marked as staging/shop");
  EXPECT_EQ(RefusalOf(offer), v1::REASON_IDENTITY_CONFLICT);
}

TEST_F(RunExecutorTest, RefusesInAnEnvironmentThatRailwayContradicts) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.environment["RAILWAY_ENVIRONMENT"] = "staging";
  EXPECT_EQ(RefusalOf(offer), v1::REASON_ENVIRONMENT_CONTRADICTS);
}

TEST_F(RunExecutorTest, RefusesAPlanWhoseBundleItDoesNotHave) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  std::filesystem::remove_all(stage.folder.File("plans"));
  EXPECT_EQ(RefusalOf(offer), v1::REASON_PLAN_NOT_OURS);
}

TEST_F(RunExecutorTest, RefusesABundleThatWasChangedOnDisk) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  ASSERT_TRUE(stage.plans.Save(offer.document(), BundleBytes() + "x").ok());
  EXPECT_EQ(RefusalOf(offer), v1::REASON_BUNDLE_DIGEST_MISMATCH);
}

TEST_F(RunExecutorTest, RefusesWithoutAFloor) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  std::filesystem::remove(stage.folder.File("trust/floor.yaml"));
  EXPECT_EQ(RefusalOf(offer), v1::REASON_TRUST_FILES_INVALID);
}

TEST_F(RunExecutorTest, RefusesARunIdThatIsAPath) {
  Process process(stage);
  v1::RunOffer offer = OfferDraft(stage).Build();
  offer.set_run_id("r-../../etc/passwd");
  EXPECT_EQ(process.Offer(offer).problem().reason(), v1::REASON_INVALID_ARGUMENT);
}

TEST_F(RunExecutorTest, LetsTheFloorTameThePolicysBlockerAction) {
  Process process(stage);
  process.Offer(OfferDraft(stage).Build());
  EXPECT_EQ(stage.database.last_rules.blockers_action, contract::BlockerAction::kRefuse);
}

TEST_F(RunExecutorTest, UndoesAndClosesTheClaimAfterARollback) {
  stage.database.outcome.end = ResetEnd::kRolledBack;
  stage.database.outcome.problem =
      contract::MakeProblem(v1::REASON_SQL_FAILED, std::string("bad row: ") + kPassword, "");
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  EXPECT_TRUE(process.Offer(offer).accepted());
  const v1::RunReport report = process.Report(offer.run_id());
  EXPECT_EQ(report.state(), v1::RUN_STATE_ROLLED_BACK);
  EXPECT_EQ(report.problem().reason(), v1::REASON_SQL_FAILED);
  EXPECT_EQ(report.DebugString().find(kPassword), std::string::npos) << "scrubbed";
  EXPECT_THAT(stage.hooks.ran, ElementsAre("on", "off"));
  EXPECT_THAT(stage.database.log, ElementsAre("claim", "reset", "close ROLLED_BACK"));
  EXPECT_EQ(stage.cache.flushes, 0);
}

TEST_F(RunExecutorTest, StopsAtABeforeStepThatFails) {
  stage.hooks.failing = {"on"};
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_ROLLED_BACK);
  EXPECT_EQ(process.Report(offer.run_id()).problem().reason(), v1::REASON_BEFORE_STEP_FAILED);
  EXPECT_THAT(stage.hooks.ran, ElementsAre("on", "off"));
  EXPECT_THAT(stage.database.log, ElementsAre("claim", "close ROLLED_BACK"));
}

TEST_F(RunExecutorTest, ACancelBeforeCommitIsACancelledRun) {
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.database.during_reset = [&] { process.executor.Cancel(offer.run_id()); };
  process.Offer(offer);
  EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_CANCELLED);
  EXPECT_THAT(stage.database.log, ElementsAre("claim", "reset", "cancel", "close CANCELLED"));
}

TEST_F(RunExecutorTest, ACancelThatCameAheadOfItsRunCounts) {
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.executor.Cancel(offer.run_id());
  process.Offer(offer);
  EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_CANCELLED);
  EXPECT_THAT(stage.database.log, ElementsAre("claim", "close CANCELLED"));
}

TEST_F(RunExecutorTest, ACancelOfAnotherRunChangesNothing) {
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.database.during_reset = [&] { process.executor.Cancel("r-other"); };
  process.Offer(offer);
  EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
}

TEST_F(RunExecutorTest, SaysUnknownUntilTheLedgerIsCertain) {
  stage.database.outcome.end = ResetEnd::kInDoubt;
  stage.database.outcome.result.Clear();
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCertain), Ledger(LedgerAnswer::kNotCertain),
                           Ledger(LedgerAnswer::kCommitted)};
  // A refused OnAboutToCommit would hide the doubt: the fake answers it, then loses the COMMIT.
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  std::vector<v1::RunState> states;
  for (const RunBook::Item& item : process.book.After(0, 1000)) {
    if (item.message.has_report()) states.push_back(item.message.report().state());
  }
  EXPECT_THAT(states,
              ElementsAre(v1::RUN_STATE_UNKNOWN, v1::RUN_STATE_COMMITTED, v1::RUN_STATE_SUCCEEDED));
  EXPECT_EQ(stage.database.ledger_questions, 3);
}

TEST_F(RunExecutorTest, ADoubtThatTheLedgerEndsIsNotSaidAnyMore) {
  stage.database.outcome.end = ResetEnd::kInDoubt;
  stage.database.outcome.problem =
      contract::MakeProblem(v1::REASON_OUTCOME_UNKNOWN, "the answer to COMMIT was lost", "Wait.");
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCommitted)};
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  const v1::RunReport report = process.Report(offer.run_id());
  EXPECT_EQ(report.state(), v1::RUN_STATE_ROLLED_BACK);
  EXPECT_EQ(report.problem().reason(), v1::REASON_DATABASE_UNREACHABLE);
}

TEST_F(RunExecutorTest, AFailedStepAfterTheCommitNeedsAttention) {
  stage.hooks.failing = {"restart"};
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  const v1::RunReport report = process.Report(offer.run_id());
  EXPECT_EQ(report.state(), v1::RUN_STATE_NEEDS_ATTENTION);
  EXPECT_EQ(report.problem().reason(), v1::REASON_AFTER_STEP_FAILED);
  EXPECT_THAT(stage.hooks.ran, ElementsAre("on", "off", "restart", "warm"));
}

TEST_F(RunExecutorTest, AResumeRepeatsOnlyWhatIsLeft) {
  stage.hooks.failing = {"restart"};
  stage.cache.flush = contract::Error(v1::REASON_CACHE_UNREACHABLE, "gone");
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  EXPECT_EQ(process.Report(offer.run_id()).problem().reason(), v1::REASON_CACHE_AFTER_COMMIT);
  stage.hooks.failing.clear();
  stage.hooks.ran.clear();
  stage.cache.flush = absl::OkStatus();
  const v1::OfferReply reply = process.Resume(ResumeOf(offer));
  EXPECT_TRUE(reply.accepted()) << reply.problem().message();
  EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_THAT(stage.hooks.ran, ElementsAre("restart"));
  EXPECT_EQ(stage.cache.flushes, 2);
  EXPECT_THAT(stage.database.log, ElementsAre("claim", "reset"));
}

TEST_F(RunExecutorTest, RefusesAResumeStatementThatWasUsed) {
  stage.hooks.failing = {"restart"};
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  const v1::ResumeOffer resume = ResumeOf(offer);
  EXPECT_TRUE(process.Resume(resume).accepted());
  EXPECT_EQ(process.Resume(resume).problem().reason(), v1::REASON_STATEMENT_REPLAYED);
}

TEST_F(RunExecutorTest, RefusesToResumeARunThatSucceeded) {
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  EXPECT_EQ(process.Resume(ResumeOf(offer)).problem().reason(), v1::REASON_WRONG_STATE);
}

TEST_F(RunExecutorTest, RefusesAResumeByAPersonWithoutThatRight) {
  stage.hooks.failing = {"restart"};
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  v1::ResumeOffer resume = ResumeOf(offer);
  Words words = stage.ResumeWords(offer.run_id());
  words.key_of = words.fields["person"] = "dana";
  *resume.mutable_resume_statement() = words.Sign();
  EXPECT_EQ(process.Resume(resume).problem().reason(), v1::REASON_FLOOR_REFUSES);
}

TEST_F(RunExecutorTest, ScrubsSecretsFromEvents) {
  stage.database.step_detail = std::string("NOTICE: password is ") + kPassword;
  Process process(stage);
  process.Offer(OfferDraft(stage).Build());
  for (const RunBook::Item& item : process.book.After(0, 1000)) {
    EXPECT_EQ(item.message.DebugString().find(kPassword), std::string::npos);
  }
}

// ---- the next process

class RecoveryTest : public RunExecutorTest {
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

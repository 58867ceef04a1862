#include "agent/service/run_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/service/run_fixture.h"

namespace resetctl::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RunExecutorTest : public RunFixture {};

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

// Whoever sends offers that nobody approved must not fill memory and disk with them.
TEST_F(RunExecutorTest, RemembersOfARefusedOfferOnlyThatItWasRefused) {
  OfferDraft draft(stage);
  draft.approvers = {};
  const v1::RunOffer offer = draft.Build();
  Process process(stage);
  EXPECT_EQ(process.Offer(offer).problem().reason(), v1::REASON_APPROVALS_MISSING);
  const RunFacts facts = process.book.Facts(offer.run_id());
  EXPECT_FALSE(facts.offer.has_value());
  ASSERT_TRUE(facts.ended.has_value());
  EXPECT_EQ(facts.ended->problem().reason(), v1::REASON_APPROVALS_MISSING);
  draft.approvers = {"alice", "dana"};
  EXPECT_EQ(process.Offer(draft.Build()).problem().reason(), v1::REASON_APPROVALS_MISSING);
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

TEST_F(RunExecutorTest, RefusesBeforeItTouchesAnythingWhenARequiredCacheCouldNotBeFlushed) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.cache.ready = contract::Error(v1::REASON_CACHE_ERROR, "may not run FLUSHDB");
  EXPECT_EQ(RefusalOf(offer), v1::REASON_CACHE_ERROR);
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

TEST_F(RunExecutorTest, AResumeOfACommitThatTheDatabaseHasLostDoesNothing) {
  stage.hooks.failing = {"restart"};
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  process.Offer(offer);
  stage.hooks.failing.clear();
  stage.hooks.ran.clear();
  stage.database.ledger = {Ledger(LedgerAnswer::kNotCertain), Ledger(LedgerAnswer::kOtherTimeline)};
  EXPECT_EQ(process.Resume(ResumeOf(offer)).problem().reason(), v1::REASON_OUTCOME_UNKNOWN);
  EXPECT_EQ(process.Resume(ResumeOf(offer)).problem().reason(), v1::REASON_COMMIT_LOST);
  EXPECT_THAT(stage.hooks.ran, testing::IsEmpty());
  EXPECT_EQ(contract::ReasonOf(stage.commits.Check()), v1::REASON_COMMIT_LOST);
}

TEST_F(RunExecutorTest, TheNextClaimNamesTheLastCommit) {
  Process process(stage);
  OfferDraft draft(stage);
  process.Offer(draft.Build());
  EXPECT_EQ(*stage.commits.LastCommit(), draft.run_id);
  stage.database.claim_status = contract::Error(v1::REASON_COMMIT_LOST, "lost");
  const std::string first = draft.run_id;
  draft.run_id = "r-88";
  EXPECT_EQ(process.Offer(draft.Build()).problem().reason(), v1::REASON_COMMIT_LOST);
  EXPECT_EQ(stage.database.last_claim.last_commit, first);
  EXPECT_EQ(contract::ReasonOf(stage.commits.Check()), v1::REASON_COMMIT_LOST);
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

}  // namespace
}  // namespace resetctl::agent

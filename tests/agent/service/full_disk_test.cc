// The disk of the agent's journal is full, really: before a run nothing is touched, before COMMIT everything is rolled back,
// after it the run goes on. What could not be written is written when there is room again.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/service/plan_maker.h"
#include "tests/agent/service/run_fixture.h"
#include "tests/support/small_disk.h"

namespace resetctl::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Temporary folders that are made while it lives are on it.
struct OnSmallDisk {
  OnSmallDisk() {
    const Stage elsewhere;  // people's keys are made with the first one, for all that follow
    disk = test::SmallDisk::MountAt(folder.path());
    setenv("TMPDIR", folder.path().c_str(), 1);
  }
  ~OnSmallDisk() { unsetenv("TMPDIR"); }

  test::TempFolder folder;
  std::unique_ptr<test::SmallDisk> disk;  // null: not allowed
};

class FullDiskTest : public OnSmallDisk, public RunFixture {
 protected:
  void SetUp() override {
    if (disk == nullptr) GTEST_SKIP() << "needs the right to mount a file system";
  }
  // Nothing fits into the page that the journal has begun either.
  void Fill(Process& process, const std::string& run_id) {
    disk->Fill();
    const std::string journal = stage.folder.File("runs/" + run_id + ".journal");
    uintmax_t size = 0;
    while (size != std::filesystem::file_size(journal)) {
      size = std::filesystem::file_size(journal);
      process.book.AcknowledgeEvents(run_id, 0);  // the shortest record that there is
    }
  }
  std::vector<uint64_t> EventsOf(const Process& process) {
    std::vector<uint64_t> seqs;
    for (const RunBook::Item& item : process.book.After(0, 1000)) {
      if (item.message.has_event()) seqs.push_back(item.message.event().seq());
    }
    return seqs;
  }
};

TEST_F(FullDiskTest, NoPlanIsGivenOutThatCannotBeKept) {
  disk->Fill();
  const v1::PlanReply reply = PlanMaker(stage.parts).MakePlan(stage.PlanOrder(stage.PlanWords()));
  EXPECT_TRUE(reply.document().empty());
  ASSERT_EQ(reply.problems_size(), 1);
  EXPECT_EQ(reply.problems(0).reason(), v1::REASON_JOURNAL_UNAVAILABLE);
  EXPECT_THAT(reply.problems(0).advice(), HasSubstr("the space on its disk"));
}

TEST_F(FullDiskTest, AnOfferIsRefusedBeforeAnythingIsTouchedAndTheNextOneIsTaken) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  Process process(stage);
  disk->Fill();
  const v1::OfferReply refused = process.Offer(offer);
  EXPECT_EQ(refused.problem().reason(), v1::REASON_JOURNAL_UNAVAILABLE);
  EXPECT_THAT(stage.database.log, IsEmpty());
  EXPECT_THAT(stage.hooks.ran, IsEmpty());
  EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_REFUSED);

  disk->MakeRoom();
  OfferDraft next(stage);
  next.run_id = "r-88";
  EXPECT_TRUE(process.Offer(next.Build()).accepted());
  EXPECT_EQ(process.Report("r-88").state(), v1::RUN_STATE_SUCCEEDED);
}

TEST_F(FullDiskTest, WhatIsNotCommittedYetIsRolledBackAndUndone) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  Process process(stage);
  stage.database.during_reset = [&] { Fill(process, offer.run_id()); };
  EXPECT_TRUE(process.Offer(offer).accepted());
  const v1::RunReport report = process.Report(offer.run_id());
  EXPECT_EQ(report.state(), v1::RUN_STATE_ROLLED_BACK);
  EXPECT_EQ(report.problem().reason(), v1::REASON_JOURNAL_UNAVAILABLE);
  EXPECT_THAT(report.result().warnings(), IsEmpty());
  EXPECT_THAT(stage.hooks.ran, ElementsAre("on", "off")) << "the undo did not wait for room";
  EXPECT_THAT(stage.database.log, Contains("close ROLLED_BACK"));
}

TEST_F(FullDiskTest, WhatIsCommittedGoesOnAndIsJournaledWhenThereIsRoom) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  {
    Process process(stage);
    stage.hooks.on_run = [&](const std::string& what) {
      if (what == "off") Fill(process, offer.run_id());  // the first thing after the commit
    };
    EXPECT_TRUE(process.Offer(offer).accepted());
    EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
    EXPECT_THAT(stage.hooks.ran, ElementsAre("on", "off", "restart", "warm"));
    EXPECT_EQ(stage.cache.flushes, 1);

    process.book.AcknowledgeEvents(offer.run_id(), 1000);
    process.book.AcknowledgeReport(offer.run_id(), v1::RUN_STATE_COMMITTED);
    process.book.AcknowledgeReport(offer.run_id(), v1::RUN_STATE_SUCCEEDED);
    process.book.CatchUp();
    EXPECT_TRUE(process.book.IsOpen(offer.run_id())) << "its end is not journaled";
    EXPECT_EQ(process.book.Waiting(UINT64_MAX), 0u) << "what is acknowledged is not said again";
    disk->MakeRoom();
    process.book.CatchUp();
    EXPECT_FALSE(process.book.IsOpen(offer.run_id()));
  }
  Process next(stage);
  ASSERT_TRUE(next.book.Reopen(offer.run_id()).ok());
  EXPECT_EQ(next.book.Facts(offer.run_id()).State(), v1::RUN_STATE_SUCCEEDED);
}

TEST_F(FullDiskTest, TheNumbersOfEventsHaveNoGapWhereSomeWereLeftOut) {
  Process process(stage);
  ASSERT_TRUE(process.book.Open("r-1").ok());
  StepNote note;
  note.step = v1::STEP_KIND_CLEAR;
  process.book.Say("r-1", note);
  Fill(process, "r-1");
  process.book.Say("r-1", note);
  process.book.Say("r-1", note);
  disk->MakeRoom();
  process.book.Say("r-1", note);
  EXPECT_THAT(EventsOf(process), ElementsAre(1u, 2u));
}

// A report, not yet journaled, is what the next hello says too.
TEST_F(FullDiskTest, AHelloSaysTheEndThatIsNotJournaledYet) {
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.database.during_reset = [&] { Fill(process, offer.run_id()); };
  process.Offer(offer);
  const std::vector<v1::RunReport> reports = process.book.HelloReports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].state(), v1::RUN_STATE_ROLLED_BACK);
}

}  // namespace
}  // namespace resetctl::agent

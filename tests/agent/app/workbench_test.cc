#include "agent/app/workbench.h"

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/agent/service/stage.h"

namespace resetctl::agent {
namespace {

constexpr char kLost[] = "r-77";

// A workbench on a stage, and what it answers.
class WorkbenchTest : public testing::Test {
 protected:
  WorkbenchTest()
      : process(stage),
        bench(stage.parts, process.book, absl::Milliseconds(1), stage.folder.path()) {
    LedgerReading reading;
    reading.no_claim = true;
    stage.database.ledger = {reading};
    stage.database.outcome.end = ResetEnd::kCommitted;
  }

  void Start() {
    bench.Start([this](v1::AttachRequest message) {
      base::MutexLock lock(mutex);
      answers.push_back(std::move(message));
      changed.SignalAll();
    });
  }

  // The next answer; nothing when none comes.
  std::optional<v1::AttachRequest> Next() {
    base::MutexLock lock(mutex);
    const absl::Time until = absl::Now() + absl::Seconds(20);
    while (answers.empty() && absl::Now() < until) {
      changed.WaitFor(mutex, std::chrono::milliseconds(100));
    }
    if (answers.empty()) return std::nullopt;
    v1::AttachRequest message = std::move(answers.front());
    answers.pop_front();
    return message;
  }

  Stage stage;
  Process process;
  base::Mutex mutex;
  base::CondVar changed;
  std::deque<v1::AttachRequest> answers ABSL_GUARDED_BY(mutex);
  Workbench bench;
};

TEST_F(WorkbenchTest, AnExpectedRunThatNeverCameDoesNotHoldUpTheNextOffer) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  Start();
  bench.AnswerExpected(kLost);
  bench.TakeOffer(offer);
  std::optional<v1::AttachRequest> answer = Next();
  // Taken at once, or refused for the moment in which the other is settled; never left without an answer.
  if (answer && !answer->offer_reply().accepted()) {
    EXPECT_EQ(answer->offer_reply().problem().reason(), v1::REASON_TARGET_BUSY);
  }
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->offer_reply().run_id(), offer.run_id());
  bench.Stop();
  EXPECT_EQ(process.Report(kLost).state(), v1::RUN_STATE_REFUSED);
}

TEST_F(WorkbenchTest, AnAnswerThatWasLostIsGivenAgainWhileTheRunGoesOn) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.database.during_reset = [&] { bench.AnswerExpected(offer.run_id()); };
  Start();
  bench.TakeOffer(offer);
  for (int i = 0; i < 2; ++i) {
    const std::optional<v1::AttachRequest> answer = Next();
    ASSERT_TRUE(answer.has_value()) << i;
    EXPECT_TRUE(answer->offer_reply().accepted()) << i;
    EXPECT_EQ(answer->offer_reply().fence(), 7) << i;
  }
}

TEST_F(WorkbenchTest, AnOfferOfAnEndedRunLeavesItsJournalAloneWhileAnotherRuns) {
  const v1::RunOffer ended = OfferDraft(stage).Build();
  process.Offer(ended);
  process.book.AcknowledgeEvents(ended.run_id(), 1000);
  process.book.AcknowledgeReport(ended.run_id(), v1::RUN_STATE_COMMITTED);
  process.book.AcknowledgeReport(ended.run_id(), v1::RUN_STATE_SUCCEEDED);
  ASSERT_FALSE(process.book.IsOpen(ended.run_id()));
  OfferDraft draft(stage);
  draft.run_id = "r-88";
  const v1::RunOffer other = draft.Build();
  stage.database.during_reset = [&] { bench.TakeOffer(ended); };
  Start();
  bench.TakeOffer(other);
  std::optional<v1::AttachRequest> answer = Next();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->offer_reply().accepted()) << answer->offer_reply().problem().message();
  answer = Next();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->offer_reply().problem().reason(), v1::REASON_TARGET_BUSY);
  bench.Stop();
  ASSERT_TRUE(process.book.Reopen(ended.run_id()).ok());
  EXPECT_EQ(process.book.Facts(ended.run_id()).State(), v1::RUN_STATE_SUCCEEDED);
}

constexpr int kFlood = 200;

TEST_F(WorkbenchTest, RefusesPlanOrdersBeyondWhatItCanHold) {
  // The orders are not signed by anybody: each is refused, but only when its turn comes.
  Start();
  for (int i = 0; i < kFlood; ++i) {
    v1::PlanOrder order;
    order.set_order_id(absl::StrCat("o-", i));
    bench.TakePlanOrder(std::move(order));
  }
  int limited = 0;
  for (int i = 0; i < kFlood; ++i) {
    const std::optional<v1::AttachRequest> answer = Next();
    ASSERT_TRUE(answer.has_value()) << "each order is answered";
    if (answer->plan_reply().problems(0).reason() == v1::REASON_RATE_LIMITED) ++limited;
  }
  EXPECT_GT(limited, 0);
}

TEST_F(WorkbenchTest, RefusesRebindOrdersBeyondWhatItCanHold) {
  stage.database.during_reset = [&] {
    for (int i = 0; i < kFlood; ++i) {
      v1::RebindOrder order;
      order.set_order_id(absl::StrCat("o-", i));
      bench.TakeRebind(std::move(order));
    }
  };
  Start();
  bench.TakeOffer(OfferDraft(stage).Build());
  int limited = 0;
  int replies = 0;
  while (replies < kFlood) {
    const std::optional<v1::AttachRequest> answer = Next();
    ASSERT_TRUE(answer.has_value()) << "each order is answered";
    if (!answer->has_rebind_reply()) continue;
    ++replies;
    if (answer->rebind_reply().problems(0).reason() == v1::REASON_RATE_LIMITED) ++limited;
  }
  // A run is at work all the while: none of them is taken off the queue.
  EXPECT_EQ(limited, kFlood - Waiting::kMost);
}

TEST_F(WorkbenchTest, RefusesLooksForTwinsBeyondWhatItCanHold) {
  const auto look = [this](int number) {
    v1::TwinOrder order;
    order.set_order_id(absl::StrCat("o-", number));
    order.set_lock_key(number);
    bench.TakeTwin(std::move(order));
  };
  stage.database.during_twin_look = [&] {
    for (int i = 2; i <= kFlood; ++i) look(i);
  };
  Start();
  look(1);
  int limited = 0;
  for (int i = 0; i < kFlood; ++i) {
    const std::optional<v1::AttachRequest> answer = Next();
    ASSERT_TRUE(answer.has_value()) << "each order is answered";
    if (answer->twin_reply().problem().reason() == v1::REASON_RATE_LIMITED) ++limited;
  }
  EXPECT_EQ(limited, kFlood - Waiting::kMost);
}

TEST_F(WorkbenchTest, OpensNoJournalsWithoutEndForRunsThatSomebodyMakesUp) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.database.during_reset = [&] {
    for (int i = 0; i < kFlood; ++i) {
      v1::RunOffer made_up;
      made_up.set_run_id(absl::StrCat("r-", 1000 + i));
      bench.TakeOffer(std::move(made_up));
    }
  };
  Start();
  bench.TakeOffer(offer);
  for (int i = 0; i <= kFlood; ++i) {
    const std::optional<v1::AttachRequest> answer = Next();
    ASSERT_TRUE(answer.has_value()) << "each offer is answered";
    EXPECT_EQ(answer->offer_reply().accepted(), answer->offer_reply().run_id() == offer.run_id());
  }
  EXPECT_EQ(process.book.OpenRuns().size(), RunBook::kMostOpen);
}

TEST_F(WorkbenchTest, AnOfferBeyondTheJournalsThatItMayOpenSaysSo) {
  for (size_t i = 0; i < RunBook::kMostOpen; ++i) {
    ASSERT_TRUE(process.book.Open(absl::StrCat("r-", 1000 + i)).ok());
  }
  const v1::OfferReply reply = process.Offer(OfferDraft(stage).Build());
  EXPECT_EQ(reply.problem().reason(), v1::REASON_RATE_LIMITED);
  EXPECT_TRUE(stage.database.log.empty());
}

TEST_F(WorkbenchTest, WhileItDrainsTheRunUnderWayEndsAndNothingNewIsTaken) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.database.during_reset = [&] {
    bench.Drain();
    v1::PlanOrder plan;
    plan.set_order_id("o-1");
    bench.TakePlanOrder(std::move(plan));
    v1::RebindOrder rebind;
    rebind.set_order_id("o-2");
    bench.TakeRebind(std::move(rebind));
    v1::RunOffer other;
    other.set_run_id("r-88");
    bench.TakeOffer(std::move(other));
    v1::ResumeOffer resume;
    resume.set_run_id("r-89");
    bench.TakeResume(std::move(resume));
  };
  Start();
  bench.TakeOffer(offer);
  std::vector<v1::Reason> reasons;
  for (int i = 0; i < 5; ++i) {
    const std::optional<v1::AttachRequest> answer = Next();
    ASSERT_TRUE(answer.has_value()) << i;
    if (answer->has_plan_reply()) reasons.push_back(answer->plan_reply().problems(0).reason());
    if (answer->has_rebind_reply()) reasons.push_back(answer->rebind_reply().problems(0).reason());
    if (answer->has_offer_reply()) reasons.push_back(answer->offer_reply().problem().reason());
  }
  EXPECT_THAT(reasons, testing::UnorderedElementsAre(v1::REASON_UNSPECIFIED, v1::REASON_DRAINING,
                                                     v1::REASON_DRAINING, v1::REASON_DRAINING,
                                                     v1::REASON_DRAINING));
  bench.Stop();
  EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
}

TEST_F(WorkbenchTest, AnOfferRepeatedWithoutEndIsDroppedAfterAFew) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  stage.database.during_reset = [&] {
    for (int i = 0; i < kFlood; ++i) bench.TakeOffer(offer);
    v1::RebindOrder last;
    bench.TakeRebind(std::move(last));  // behind them all
  };
  Start();
  bench.TakeOffer(offer);
  int replies = 0;
  for (;;) {
    const std::optional<v1::AttachRequest> answer = Next();
    ASSERT_TRUE(answer.has_value());
    if (answer->has_rebind_reply()) break;
    EXPECT_TRUE(answer->offer_reply().accepted()) << answer->offer_reply().problem().message();
    ++replies;
  }
  EXPECT_EQ(replies, 1 + Waiting::kMost) << "the first is answered, and a few repetitions";
  EXPECT_EQ(process.Report(offer.run_id()).state(), v1::RUN_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace resetctl::agent

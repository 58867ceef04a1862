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

TEST_F(WorkbenchTest, RefusesPlanOrdersBeyondWhatItCanHold) {
  // The orders are not signed by anybody: each is refused, but only when its turn comes.
  constexpr int kOrders = 200;
  Start();
  for (int i = 0; i < kOrders; ++i) {
    v1::PlanOrder order;
    order.set_order_id(absl::StrCat("o-", i));
    bench.TakePlanOrder(std::move(order));
  }
  int limited = 0;
  for (int i = 0; i < kOrders; ++i) {
    const std::optional<v1::AttachRequest> answer = Next();
    ASSERT_TRUE(answer.has_value()) << "each order is answered";
    if (answer->plan_reply().problems(0).reason() == v1::REASON_RATE_LIMITED) ++limited;
  }
  EXPECT_GT(limited, 0);
}

}  // namespace
}  // namespace resetctl::agent

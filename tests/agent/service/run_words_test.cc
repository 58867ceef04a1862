// What an agent says of a run, as a chain that it signs.
#include <gtest/gtest.h>

#include "proto/contract/agent_word.h"
#include "tests/agent/service/run_fixture.h"

namespace resetctl::agent {
namespace {

class RunWordsTest : public RunFixture {
 protected:
  // As far as a run is when its offer is taken.
  static void Begin(Process& process, const v1::RunOffer& offer) {
    ASSERT_TRUE(process.book.Open(offer.run_id()).ok());
    v1::JournalRecord record;
    *record.mutable_offer() = offer;
    ASSERT_TRUE(process.book.Record(offer.run_id(), record).ok());
  }
  // Everything that waits to be sent, verified; the events in their chain from `chain` on.
  void CheckWords(const Process& process, contract::WordChain chain) {
    const WitnessKey& key = stage.witness->key();
    for (const RunBook::Item& item : process.book.After(0, 10000)) {
      if (item.message.has_event()) {
        const v1::RunEvent& event = item.message.event();
        EXPECT_TRUE(contract::VerifyWord(contract::WordKind::kEvent, key.agent, key.verifier,
                                         contract::WordOf(event))
                        .ok());
        EXPECT_TRUE(chain.Continues(event)) << event.seq();
        chain.Take(event);
        ++events;
      } else {
        const v1::RunReport& report = item.message.report();
        EXPECT_TRUE(contract::VerifyWord(contract::WordKind::kReport, key.agent, key.verifier,
                                         contract::WordOf(report))
                        .ok());
        EXPECT_EQ(report.last_seq(), chain.last_seq);
        EXPECT_EQ(report.after(), chain.head);
        ++reports;
      }
    }
  }

  int events = 0;
  int reports = 0;
};

TEST_F(RunWordsTest, EachIsSignedAndFollowsTheOneBefore) {
  Process process(stage);
  const v1::RunOffer offer = OfferDraft(stage).Build();
  ASSERT_TRUE(process.Offer(offer).accepted());
  CheckWords(process, contract::ChainOf(offer.run_statement()));
  EXPECT_GT(events, 5);
  EXPECT_GT(reports, 0);
}

TEST_F(RunWordsTest, TheNextProcessGoesOnWithTheSameChain) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  {
    Process process(stage);
    Begin(process, offer);
    process.book.Say(offer.run_id(), StepNote());
    process.book.Say(offer.run_id(), StepNote());
  }
  Process next(stage);
  next.book.Say(offer.run_id(), StepNote());
  v1::RunReport report;
  report.set_run_id(offer.run_id());
  report.set_state(v1::RUN_STATE_ROLLED_BACK);
  next.book.Report(report);
  CheckWords(next, contract::ChainOf(offer.run_statement()));
  EXPECT_EQ(events, 3);
  EXPECT_EQ(reports, 1);
}

TEST_F(RunWordsTest, AHelloReportsUnderSignatureToo) {
  const v1::RunOffer offer = OfferDraft(stage).Build();
  Process process(stage);
  Begin(process, offer);
  v1::JournalRecord record;
  record.mutable_claim()->set_fence(7);
  ASSERT_TRUE(process.book.Record(offer.run_id(), record).ok());
  process.book.Say(offer.run_id(), StepNote());
  const std::vector<v1::RunReport> told = process.book.HelloReports();
  ASSERT_EQ(told.size(), 1u);
  const WitnessKey& key = stage.witness->key();
  EXPECT_TRUE(contract::VerifyWord(contract::WordKind::kReport, key.agent, key.verifier,
                                   contract::WordOf(told[0]))
                  .ok());
  const v1::RunEvent said = process.book.After(0, 1)[0].message.event();
  contract::WordChain chain;
  chain.Take(said);
  EXPECT_EQ(told[0].after(), chain.head);
}

}  // namespace
}  // namespace resetctl::agent

#ifndef RESETCTL_TESTS_AGENT_SERVICE_RUN_FIXTURE_H_
#define RESETCTL_TESTS_AGENT_SERVICE_RUN_FIXTURE_H_

#include <gtest/gtest.h>

#include "tests/agent/service/stage.h"

namespace resetctl::agent {

inline LedgerReading Ledger(LedgerAnswer answer) {
  LedgerReading reading;
  reading.answer = answer;
  reading.result.set_rows_cleared(40);
  return reading;
}

inline LedgerReading NoClaim() {
  LedgerReading reading;
  reading.no_claim = true;
  return reading;
}

// A stage on which a reset commits 40 rows.
class RunFixture : public testing::Test {
 protected:
  RunFixture() {
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
    EXPECT_TRUE(stage.database.log.empty());
    EXPECT_TRUE(stage.hooks.ran.empty());
    return reply.problem().reason();
  }

  Stage stage;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_TESTS_AGENT_SERVICE_RUN_FIXTURE_H_

#include "client/audit/agent_words.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/cosignature.h"
#include "proto/contract/reasons.h"
#include "proto/contract/result_evidence.h"

namespace resetctl::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A log of one run as a controller writes it: start, two steps, commit, a third step, end.
class AgentWordsTest : public ::testing::Test {
 protected:
  AgentWordsTest() {
    v1::AuditEntry& start = log_.emplace_back();
    start.set_actor("person:alice");
    start.set_action("run.start");
    start.set_subject("r-1");
    start.set_outcome("ok");
    start.set_environment("production");
    start.set_target("shop");
    start.mutable_statement()->set_text("run it");
    chain_ = contract::ChainOf(start.statement());
    log_.push_back(Event(1));
    log_.push_back(Event(2));
    log_.push_back(Reported(v1::RUN_STATE_COMMITTED, 2));
    log_.push_back(Event(3));
    log_.push_back(Reported(v1::RUN_STATE_SUCCEEDED, 3));
  }

  static v1::AuditEntry Entry(const std::string& action) {
    v1::AuditEntry entry;
    entry.set_actor("agent:production/shop");
    entry.set_environment("production");
    entry.set_target("shop");
    entry.set_action(action);
    entry.set_subject("r-1");
    entry.set_outcome("ok");
    return entry;
  }
  v1::AuditEntry Event(uint64_t seq) {
    v1::RunEvent event;
    event.set_run_id("r-1");
    event.set_seq(seq);
    event.set_after(chain_.head);
    event.set_step(v1::STEP_KIND_CLEAR);
    event.set_kind(v1::EVENT_KIND_SUCCEEDED);
    EXPECT_TRUE(contract::SignWord("production/shop", key_.private_pem, &event).ok());
    chain_.Take(event);
    v1::AuditEntry entry = Entry("run.event");
    entry.set_detail("CLEAR SUCCEEDED");
    *entry.mutable_agent_word() = contract::WordOf(event);
    return entry;
  }
  v1::AuditEntry Reported(v1::RunState state, uint64_t last_seq) {
    v1::RunReport report;
    report.set_run_id("r-1");
    report.set_state(state);
    report.set_last_seq(last_seq);
    report.set_after(chain_.head);
    report.mutable_result()->set_xid("90211");
    report.mutable_result()->set_fence(7);
    report.mutable_result()->set_rows_cleared(40);
    EXPECT_TRUE(contract::SignWord("production/shop", key_.private_pem, &report).ok());
    v1::AuditEntry entry = Entry(state == v1::RUN_STATE_COMMITTED ? "run.committed" : "run.end");
    (*entry.mutable_evidence())["state"] = v1::RunState_Name(state).substr(10);
    (*entry.mutable_evidence())["fence"] = "7";
    contract::AddResultEvidence(report.result(), entry.mutable_evidence());
    *entry.mutable_agent_word() = contract::WordOf(report);
    return entry;
  }
  // Of the whole log, each entry in its turn.
  absl::Status Check() {
    words_ = AgentWords(witnesses_);
    absl::Status status;
    for (size_t i = 0; i < log_.size() && status.ok(); ++i) status = words_.Take(i, log_[i]);
    return status;
  }
  void IsLie(v1::Reason reason, const std::string& why) {
    const absl::Status status = Check();
    EXPECT_EQ(contract::ReasonOf(status), reason) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }

  const contract::NoteKeyPair key_ = *contract::MakeWitnessKey("resetctl.agent/production/shop");
  std::vector<std::string> witnesses_ = {key_.verifier};
  contract::WordChain chain_;
  std::vector<v1::AuditEntry> log_;
  AgentWords words_{{}};
};

TEST_F(AgentWordsTest, EachIsVerifiedAndCounted) {
  EXPECT_TRUE(Check().ok());
  EXPECT_EQ(words_.events(), 3);
  EXPECT_EQ(words_.reports(), 2);
  EXPECT_EQ(words_.unsigned_entries(), 0);
  EXPECT_THAT(words_.unknown_agents(), IsEmpty());
}

TEST_F(AgentWordsTest, AKeyThatWasChangedStillVerifiesWhatItSaid) {
  witnesses_.insert(witnesses_.begin(),
                    contract::MakeWitnessKey("resetctl.agent/production/shop")->verifier);
  EXPECT_TRUE(Check().ok());
}

TEST_F(AgentWordsTest, AResultThatTheAgentDidNotGiveIsFound) {
  for (const char* key : {"state", "fence", "xid", "rows_cleared"}) {
    SCOPED_TRACE(key);
    const v1::AuditEntry honest = log_[5];
    (*log_[5].mutable_evidence())[key] = "1";
    IsLie(v1::REASON_LOG_TAMPERED, absl::StrCat("Entry 5, run.end of r-1: its agent said something "
                                                "else: ",
                                                key, " differs"));
    log_[5] = honest;
  }
}

// By somebody who holds the log's key, and not the agent's.
TEST_F(AgentWordsTest, AnInventedWordIsFound) {
  const contract::NoteKeyPair other = *contract::MakeWitnessKey("resetctl.agent/production/shop");
  v1::RunReport report;
  ASSERT_TRUE(report.ParseFromString(log_[5].agent_word().said()));
  report.mutable_result()->set_rows_cleared(0);
  ASSERT_TRUE(contract::SignWord("production/shop", other.private_pem, &report).ok());
  *log_[5].mutable_agent_word() = contract::WordOf(report);
  (*log_[5].mutable_evidence())["rows_cleared"] = "0";
  IsLie(v1::REASON_BAD_SIGNATURE, "Entry 5, run.end of r-1");
}

TEST_F(AgentWordsTest, AStepThatIsLeftOutSwappedOrRepeatedIsFound) {
  const auto honest = log_;
  log_.erase(log_.begin() + 1);
  IsLie(v1::REASON_LOG_TAMPERED, "Entry 1, run.event of r-1: it is not what its agent said after");
  log_ = honest;
  std::swap(log_[1], log_[2]);
  IsLie(v1::REASON_LOG_TAMPERED, "Entry 1");
  log_ = honest;
  log_[2] = log_[1];
  IsLie(v1::REASON_LOG_TAMPERED, "Entry 2");
  log_ = honest;
  log_.erase(log_.begin() + 4);  // the end was said after it
  EXPECT_TRUE(Check().ok()) << "it may come yet";
  EXPECT_EQ(words_.runs_with_missing_steps(), 1) << "and is missed until then";
  log_.push_back(Event(4));
  IsLie(v1::REASON_LOG_TAMPERED, "Entry 5");
}

TEST_F(AgentWordsTest, AnOldReportIsNoNewOne) {
  log_[5] = log_[3];
  IsLie(v1::REASON_LOG_TAMPERED, "it is not what its agent said after event 3");
}

TEST_F(AgentWordsTest, WordsOfAnotherRunAreFound) {
  log_[0].mutable_statement()->set_text("run something else");
  IsLie(v1::REASON_LOG_TAMPERED, "Entry 1");
  log_[0].mutable_statement()->set_text("run it");
  log_[1].set_detail("CHECK SUCCEEDED");
  IsLie(v1::REASON_LOG_TAMPERED, "its agent said 'CLEAR SUCCEEDED'");
}

// A hello tells the end before the last events have come.
TEST_F(AgentWordsTest, AnEndMayBeWrittenDownBeforeItsLastEvents) {
  std::swap(log_[4], log_[5]);
  EXPECT_TRUE(Check().ok());
  EXPECT_EQ(words_.runs_with_missing_steps(), 0);
  chain_.head = "other";
  log_[5] = Event(3);
  IsLie(v1::REASON_LOG_TAMPERED, "Entry 5");
}

// The chain goes on after what an older version did not sign, or an older controller did not keep.
TEST_F(AgentWordsTest, WhatNobodySignedIsCountedAndNotCalledProved) {
  log_[1].clear_agent_word();
  log_[5].clear_agent_word();
  EXPECT_TRUE(Check().ok());
  EXPECT_EQ(words_.unsigned_entries(), 2);
  EXPECT_EQ(words_.events(), 2);
}

TEST_F(AgentWordsTest, NobodyElseSpeaksForAnAgent) {
  for (const char* actor : {"system", "person:alice", "agent:staging/shop"}) {
    SCOPED_TRACE(actor);
    const auto honest = log_;
    log_[5].set_actor(actor);
    IsLie(v1::REASON_LOG_TAMPERED, "Entry 5, run.end of r-1: it stands on the word of another");
    log_ = honest;
  }
  for (const char* actor : {"system", "person:alice"}) {
    SCOPED_TRACE(actor);
    const auto honest = log_;
    log_[5].clear_agent_word();
    log_[5].set_actor(actor);
    IsLie(v1::REASON_LOG_TAMPERED, "Entry 5, run.end of r-1: nobody but an agent can say that");
    log_[5] = log_[4];
    log_[5].clear_agent_word();
    log_[5].set_actor(actor);
    IsLie(v1::REASON_LOG_TAMPERED, "nobody but an agent can say that");
    log_ = honest;
  }
  (*log_[0].mutable_evidence())["state"] = "HELD";
  EXPECT_TRUE(Check().ok());
}

// With the key of an agent that is weaker guarded, which signs for its own target.
TEST_F(AgentWordsTest, AnotherAgentsKeyDoesNotSpeakForThisTarget) {
  const contract::NoteKeyPair staging = *contract::MakeWitnessKey("resetctl.agent/staging/x");
  witnesses_.push_back(staging.verifier);
  v1::RunReport report;
  ASSERT_TRUE(report.ParseFromString(log_[5].agent_word().said()));
  ASSERT_TRUE(contract::SignWord("staging/x", staging.private_pem, &report).ok());
  *log_[5].mutable_agent_word() = contract::WordOf(report);
  log_[5].set_actor("agent:staging/x");
  IsLie(v1::REASON_LOG_TAMPERED, "it stands on the word of another target's agent");
  log_[5].set_environment("staging");
  log_[5].set_target("x");
  IsLie(v1::REASON_LOG_TAMPERED, "it stands on the word of another target's agent");
}

TEST_F(AgentWordsTest, EvidenceAndOutcomeThatTheAgentDidNotGiveAreFound) {
  for (const char* key : {"kept_tables", "cache_keys", "wal_lsn", "cleared:public.users",
                          "recreated_other_rows", "took"}) {
    SCOPED_TRACE(key);
    const v1::AuditEntry honest = log_[5];
    (*log_[5].mutable_evidence())[key] = "1";
    IsLie(v1::REASON_LOG_TAMPERED, absl::StrCat(key, " differs"));
    log_[5] = honest;
  }
  log_[5].set_outcome("SQL_FAILED");
  IsLie(v1::REASON_LOG_TAMPERED, "outcome differs");
}

// A resume that its agent refuses, without a signature, leaves what was reported.
TEST_F(AgentWordsTest, ARefusedResumeIsNoNewResult) {
  log_[5] = Reported(v1::RUN_STATE_NEEDS_ATTENTION, 3);
  v1::AuditEntry resumed = Entry("run.resume");
  resumed.set_actor("person:alice");
  (*resumed.mutable_evidence())["state"] = "COMMITTED";
  log_.push_back(resumed);
  v1::AuditEntry refused = Entry("run.end");
  (*refused.mutable_evidence())["state"] = "NEEDS_ATTENTION";
  log_.push_back(refused);
  EXPECT_TRUE(Check().ok());
  EXPECT_EQ(words_.unsigned_entries(), 0);
}

TEST_F(AgentWordsTest, AnAgentWhoseKeyIsNotGivenIsNamed) {
  witnesses_ = {contract::MakeWitnessKey("resetctl.agent/staging/shop")->verifier};
  EXPECT_TRUE(Check().ok());
  EXPECT_EQ(words_.events() + words_.reports(), 0);
  EXPECT_THAT(words_.unknown_agents(), ElementsAre("production/shop"));
}

}  // namespace
}  // namespace resetctl::client

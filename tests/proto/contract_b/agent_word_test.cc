#include "proto/contract/agent_word.h"

#include <gtest/gtest.h>

#include "proto/contract/cosignature.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

constexpr char kAgent[] = "production/shop";

class AgentWordTest : public ::testing::Test {
 protected:
  AgentWordTest() {
    event_.set_run_id("r-1");
    event_.set_seq(3);
    event_.set_after(std::string(32, 'a'));
    event_.set_step(v1::STEP_KIND_CLEAR);
    event_.set_kind(v1::EVENT_KIND_SUCCEEDED);
    event_.set_name("Rentals");
    report_.set_run_id("r-1");
    report_.set_state(v1::RUN_STATE_SUCCEEDED);
    EXPECT_TRUE(SignWord(kAgent, key_.private_pem, &event_).ok());
    EXPECT_TRUE(SignWord(kAgent, key_.private_pem, &report_).ok());
  }
  v1::Reason Refusal(WordKind kind, const v1::AgentWord& word, absl::string_view agent = kAgent) {
    const absl::Status status = VerifyWord(kind, agent, key_.verifier, word);
    return status.ok() ? v1::REASON_UNSPECIFIED : ReasonOf(status);
  }

  const NoteKeyPair key_ = *MakeWitnessKey("resetctl.agent/production/shop");
  v1::RunEvent event_;
  v1::RunReport report_;
};

TEST_F(AgentWordTest, HoldsAsItWasSaid) {
  const v1::AgentWord word = WordOf(event_);
  EXPECT_EQ(Refusal(WordKind::kEvent, word), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(Refusal(WordKind::kReport, WordOf(report_)), v1::REASON_UNSPECIFIED);
  v1::RunEvent said;
  ASSERT_TRUE(said.ParseFromString(word.said()));
  EXPECT_TRUE(said.signature().empty());
  EXPECT_EQ(said.name(), "Rentals");
}

TEST_F(AgentWordTest, NoByteOfItCanBeChanged) {
  const v1::AgentWord word = WordOf(event_);
  for (size_t at = 0; at < word.said().size(); ++at) {
    v1::AgentWord changed = word;
    (*changed.mutable_said())[at] ^= 1;
    EXPECT_EQ(Refusal(WordKind::kEvent, changed), v1::REASON_BAD_SIGNATURE) << at;
  }
  for (size_t at = 0; at < word.signature().size(); ++at) {
    v1::AgentWord changed = word;
    (*changed.mutable_signature())[at] ^= 1;
    EXPECT_EQ(Refusal(WordKind::kEvent, changed), v1::REASON_BAD_SIGNATURE) << at;
  }
}

TEST_F(AgentWordTest, CountsForItsAgentAndAsWhatItIsOnly) {
  EXPECT_EQ(Refusal(WordKind::kReport, WordOf(event_)), v1::REASON_BAD_SIGNATURE);
  EXPECT_EQ(Refusal(WordKind::kEvent, WordOf(event_), "staging/shop"), v1::REASON_BAD_SIGNATURE);
  const NoteKeyPair other = *MakeWitnessKey("resetctl.agent/production/shop");
  EXPECT_EQ(ReasonOf(VerifyWord(WordKind::kEvent, kAgent, other.verifier, WordOf(event_))),
            v1::REASON_BAD_SIGNATURE);
  event_.clear_signature();
  EXPECT_EQ(Refusal(WordKind::kEvent, WordOf(event_)), v1::REASON_BAD_SIGNATURE);
}

// Where a newer agent says more than this version knows.
TEST_F(AgentWordTest, WhatIsNotUnderstoodIsKeptAndSignedToo) {
  event_.GetReflection()->MutableUnknownFields(&event_)->AddVarint(900, 7);
  event_.mutable_problem()
      ->GetReflection()
      ->MutableUnknownFields(event_.mutable_problem())
      ->AddLengthDelimited(901, "more");
  ASSERT_TRUE(SignWord(kAgent, key_.private_pem, &event_).ok());
  v1::RunEvent received;
  ASSERT_TRUE(received.ParseFromString(event_.SerializeAsString()));
  EXPECT_EQ(Refusal(WordKind::kEvent, WordOf(received)), v1::REASON_UNSPECIFIED);
  received.DiscardUnknownFields();
  EXPECT_EQ(Refusal(WordKind::kEvent, WordOf(received)), v1::REASON_BAD_SIGNATURE);
}

TEST_F(AgentWordTest, TheChainBeginsWithTheRunStatementAndGoesOnWithEachSignature) {
  v1::SignedStatement one, other;
  one.set_text("run this");
  other.set_text("run that");
  EXPECT_NE(ChainOf(one).head, ChainOf(other).head);
  WordChain chain = ChainOf(one);
  EXPECT_EQ(chain.head.size(), 32u);
  event_.set_seq(1);
  EXPECT_FALSE(chain.Continues(event_));
  event_.set_after(chain.head);
  EXPECT_TRUE(chain.Continues(event_));
  WordChain resigned = chain;
  chain.Take(event_);
  EXPECT_FALSE(chain.Continues(event_)) << "it is there already";
  event_.set_signature("x");
  resigned.Take(event_);
  EXPECT_NE(chain.head, resigned.head);
  event_.set_seq(2);
  EXPECT_FALSE(chain.Continues(event_));
  chain.head.clear();
  EXPECT_TRUE(chain.Continues(event_)) << "nobody signed the one before";
}

TEST_F(AgentWordTest, AReportFollowsWhatIsThereOrWhatIsYetToCome) {
  WordChain chain{2, "head"};
  report_.set_after("head");
  for (const auto& [last_seq, may] : {std::pair{1, false}, {2, true}, {3, true}}) {
    report_.set_last_seq(static_cast<uint64_t>(last_seq));
    EXPECT_EQ(chain.MayFollow(report_), may) << last_seq;
  }
  report_.set_last_seq(2);
  report_.set_after("other");
  EXPECT_FALSE(chain.MayFollow(report_));
  report_.clear_after();
  EXPECT_FALSE(chain.MayFollow(report_));
  report_.set_last_seq(0);
  EXPECT_TRUE((WordChain{0, "head"}).MayFollow(report_)) << "its agent never heard of the run";
}

TEST_F(AgentWordTest, InWords) {
  EXPECT_EQ(InWords(event_), "CLEAR Rentals SUCCEEDED");
  event_.clear_name();
  event_.set_step(static_cast<v1::StepKind>(99));  // a newer agent's
  EXPECT_EQ(InWords(event_), " SUCCEEDED");
}

}  // namespace
}  // namespace resetctl::contract

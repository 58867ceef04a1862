// What the controller makes of words that agents sign: recorded with their bytes, or refused.
#include <gtest/gtest.h>

#include "proto/contract/agent_word.h"
#include "proto/contract/cosignature.h"
#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

constexpr char kAgent[] = "production/shop";

class RunWordsTest : public testing::Test {
 protected:
  RunWordsTest() : run_(house_.Offered()) {
    // The same agent, which signs from now on.
    v1::AgentHello hello;
    hello.set_environment("production");
    hello.set_target("shop");
    hello.set_witness_key(key_.verifier);
    chain_ = contract::ChainOf(house_.store.GetRun(run_)->run_statement);
    *hello.add_open_runs() = Report(v1::RUN_STATE_RUNNING);
    const auto session = house_.agent_desk.Hello(house_.agent.who, hello, house_.agent.mail);
    EXPECT_TRUE(session.ok()) << session.status();
    house_.agent.session = *session;
    EXPECT_EQ(house_.StateOf(run_), v1::RUN_STATE_RUNNING);
  }

  v1::RunEvent Event(uint64_t seq) {
    v1::RunEvent event;
    event.set_run_id(run_);
    event.set_seq(seq);
    event.set_after(chain_.head);
    event.set_step(v1::STEP_KIND_CLEAR);
    event.set_kind(v1::EVENT_KIND_SUCCEEDED);
    EXPECT_TRUE(contract::SignWord(kAgent, key_.private_pem, &event).ok());
    chain_.Take(event);
    return event;
  }
  v1::RunReport Report(v1::RunState state) {
    v1::RunReport report;
    report.set_run_id(run_);
    report.set_state(state);
    report.set_last_seq(chain_.last_seq);
    report.set_after(chain_.head);
    EXPECT_TRUE(contract::SignWord(kAgent, key_.private_pem, &report).ok());
    return report;
  }
  void Tell(const v1::RunEvent& event) {
    v1::AttachRequest message;
    *message.mutable_event() = event;
    EXPECT_TRUE(house_.Tell(house_.agent, message).ok());
  }
  void Tell(const v1::RunReport& report) {
    v1::AttachRequest message;
    *message.mutable_report() = report;
    EXPECT_TRUE(house_.Tell(house_.agent, message).ok());
  }
  std::vector<v1::AuditEntry> Entries(const std::string& action) {
    AuditFilter filter;
    filter.action = action;
    std::vector<v1::AuditEntry> entries;
    const auto page = house_.store.ListAudit(filter, {100, ""});
    for (const auto& item : page->items)
      EXPECT_TRUE(entries.emplace_back().ParseFromString(item.bytes));
    return entries;
  }
  uint64_t LastSeq() { return house_.store.GetRun(run_)->last_seq; }
  uint64_t Acknowledged() {
    return house_.agent.mail->Last(v1::AttachResponse::kEventAck).event_ack().seq();
  }

  const contract::NoteKeyPair key_ = *contract::MakeWitnessKey("resetctl.agent/production/shop");
  Ready house_;
  const std::string run_;
  contract::WordChain chain_;
};

TEST_F(RunWordsTest, AnEntryCarriesTheBytesThatItStandsOn) {
  const v1::RunEvent event = Event(1);
  Tell(event);
  Tell(Event(2));
  const v1::RunReport end = Report(v1::RUN_STATE_ROLLED_BACK);
  Tell(end);
  const auto events = Entries("run.event");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].agent_word().SerializeAsString(),
            contract::WordOf(event).SerializeAsString());
  EXPECT_EQ(events[1].evidence().count("event"), 0u);
  const auto ends = Entries("run.end");
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].agent_word().SerializeAsString(), contract::WordOf(end).SerializeAsString());
  EXPECT_TRUE(Entries("run.running").at(0).has_agent_word());
}

// Whoever has the certificate can say it. The log says that it is not proved; the run does not stand still.
TEST_F(RunWordsTest, AnEventThatWasNotSignedSoProvesNothing) {
  Tell(Event(1));
  v1::RunEvent invented = Event(2);
  invented.set_detail("all is well");
  Tell(invented);
  Tell(Event(3));
  EXPECT_EQ(LastSeq(), 3u);
  EXPECT_EQ(Acknowledged(), 3u);
  const auto events = Entries("run.event");  // newest first
  EXPECT_TRUE(events.at(0).has_agent_word());
  EXPECT_FALSE(events.at(1).has_agent_word());
  EXPECT_EQ(events.at(1).evidence().at("unproved"), "signature");
}

TEST_F(RunWordsTest, AnEventThatFollowsAnotherProvesNothing) {
  const contract::WordChain begin = chain_;
  Tell(Event(1));
  chain_ = begin;
  Tell(Event(2));
  EXPECT_EQ(LastSeq(), 2u);
  EXPECT_EQ(Entries("run.event").at(0).evidence().at("unproved"), "order");
}

// Its state directory was put back: it does not know what it has said already.
TEST_F(RunWordsTest, AReportFromBeforeIsTakenAndProvesNothing) {
  const contract::WordChain begin = chain_;
  Tell(Event(1));
  chain_ = begin;
  Tell(Report(v1::RUN_STATE_ROLLED_BACK));
  EXPECT_EQ(house_.StateOf(run_), v1::RUN_STATE_ROLLED_BACK);
  const v1::AuditEntry end = Entries("run.end").at(0);
  EXPECT_FALSE(end.has_agent_word());
  EXPECT_EQ(end.evidence().at("unproved"), "order");
}

TEST_F(RunWordsTest, SaidTwiceItIsStoredOnce) {
  const v1::RunEvent event = Event(1);
  Tell(event);
  Tell(event);
  EXPECT_EQ(Entries("run.event").size(), 1u);
  EXPECT_EQ(Acknowledged(), 1u);
}

// An agent of an older version has a key and signs nothing.
TEST_F(RunWordsTest, AnUnsignedWordIsTakenAndNotCalledProved) {
  v1::RunEvent event = Event(1);
  event.clear_signature();
  Tell(event);
  v1::RunReport report = Report(v1::RUN_STATE_COMMITTED);
  report.clear_signature();
  Tell(report);
  EXPECT_EQ(LastSeq(), 1u);
  EXPECT_EQ(house_.StateOf(run_), v1::RUN_STATE_COMMITTED);
  EXPECT_FALSE(Entries("run.event").at(0).has_agent_word());
  EXPECT_FALSE(Entries("run.committed").at(0).has_agent_word());
}

TEST(UnsignedWordsTest, OfAnAgentWithoutAKeyAreTakenAndHaveADigest) {
  Ready house;
  const std::string run = house.Running();
  house.Event(run, 1);
  AuditFilter filter;
  filter.action = "run.event";
  v1::AuditEntry entry;
  ASSERT_TRUE(entry.ParseFromString(house.store.ListAudit(filter, {1, ""})->items.at(0).bytes));
  EXPECT_FALSE(entry.has_agent_word());
  EXPECT_EQ(entry.evidence().count("event"), 1u);
}

}  // namespace
}  // namespace resetctl::controller

// The controller's side of witnesses: what it proves to agents, what it keeps of their answers, and who sees their alarms.
#include "controller/service/witnesses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/cosignature.h"
#include "proto/contract/merkle.h"
#include "tests/controller/service/house.h"

namespace resetctl::controller {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class WitnessesTest : public ::testing::Test {
 protected:
  v1::AgentHello Hello(uint64_t size = 0) {
    v1::AgentHello hello;
    hello.set_version("test");
    hello.set_environment("production");
    hello.set_target("shop");
    hello.set_witness_key(key_.verifier);
    hello.set_witness_size(size);
    return hello;
  }
  House::Attached Attach(const v1::AgentHello& hello) {
    House::Attached agent;
    agent.who = house_.Agent("production");
    const auto session = house_.agent_desk.Hello(agent.who, hello, agent.mail);
    EXPECT_TRUE(session.ok()) << session.status();
    if (session.ok()) agent.session = *session;
    return agent;
  }
  static v1::LogProof ProofOf(const House::Attached& agent) {
    return agent.mail->Last(v1::AttachResponse::kWelcome).welcome().log_proof();
  }
  contract::Checkpoint Open(const v1::LogProof& proof) {
    const auto checkpoint = contract::OpenCheckpoint(proof.checkpoint(), house_.log_key.verifier);
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
    return checkpoint.ok() ? *checkpoint : contract::Checkpoint();
  }
  bool Proves(const v1::LogProof& proof, const contract::Checkpoint& before) {
    const contract::Checkpoint now = Open(proof);
    return proof.old_size() == before.size &&
           contract::VerifyConsistency(before.size, before.root, now.size, now.root,
                                       {proof.hashes().begin(), proof.hashes().end()});
  }
  void Cosign(const House::Attached& agent, const v1::LogProof& proof,
              const contract::NoteKeyPair& key) {
    v1::AttachRequest message;
    message.mutable_cosignature()->set_size(Open(proof).size);
    message.mutable_cosignature()->set_line(
        *contract::Cosign(proof.checkpoint(), kName, key.private_pem, house_.clock.Now()));
    EXPECT_TRUE(house_.Tell(agent, message).ok());
  }
  static v1::AttachRequest AlarmOver(v1::Reason reason) {
    v1::AttachRequest message;
    *message.mutable_witness_alarm()->mutable_problem() =
        contract::MakeProblem(reason, "it was rewritten", "look into it");
    return message;
  }
  WitnessRecord Kept() { return house_.store.GetAgent("production", "shop")->witness; }
  v1::AuditEntry NewestEntry(const std::string& action) {
    AuditFilter filter;
    filter.action = action;
    const auto page = house_.store.ListAudit(filter, {1, ""});
    v1::AuditEntry entry;
    if (page.ok() && !page->items.empty()) entry.ParseFromString(page->items.front().bytes);
    return entry;
  }
  // An approved plan of production, ordered; its run is offered after the hold.
  std::string Ordered(const House::Attached& agent) {
    const v1::Plan plan = house_.MakePlan("alice", agent);
    EXPECT_TRUE(
        house_.approvals.Decide(house_.As("bob"), house_.Decision("bob", plan, "approve")).ok());
    auto request = house_.RunRequest("alice", plan, "DELETE ALL DATA shop");
    request.set_detach(true);
    const auto run = house_.runs.Start(house_.As("alice"), request);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? run->run().id() : "";
  }

  static constexpr char kName[] = "resetctl.agent/production/shop";
  House house_;
  const contract::NoteKeyPair key_ = *contract::MakeWitnessKey(kName);
};

TEST_F(WitnessesTest, TheWelcomeProvesTheLogFromWhereTheAgentRemembersIt) {
  const v1::LogProof first = ProofOf(Attach(Hello()));
  EXPECT_EQ(first.log_key(), house_.log_key.verifier);
  EXPECT_EQ(first.old_size(), 0u);
  const contract::Checkpoint seen = Open(first);
  EXPECT_EQ(seen.size, house_.store.GetCheckpoint()->size);
  const v1::LogProof second = ProofOf(Attach(Hello(seen.size)));
  EXPECT_TRUE(Proves(second, seen));
  EXPECT_GT(Open(second).size, seen.size) << "its own attach is in the log";
}

TEST_F(WitnessesTest, ALogThatWasRolledBackShowsItself) {
  const v1::LogProof proof = ProofOf(Attach(Hello(1000)));
  EXPECT_EQ(proof.old_size(), 1000u);
  EXPECT_EQ(proof.hashes_size(), 0);
  EXPECT_LT(Open(proof).size, 1000u);
}

TEST_F(WitnessesTest, AnAgentThatWatchesNoLogIsLeftInPeace) {
  const House::Attached agent = house_.Attach("production");
  EXPECT_FALSE(agent.mail->Last(v1::AttachResponse::kWelcome).welcome().has_log_proof());
  const std::string run = Ordered(agent);
  house_.Advance(absl::Seconds(5));
  const v1::RunOffer& offer = agent.mail->Last(v1::AttachResponse::kOffer).offer();
  EXPECT_EQ(offer.run_id(), run);
  EXPECT_FALSE(offer.has_log_proof());
  EXPECT_EQ(offer.logged_size(), 0);
  house_.witnesses.RefreshAll();
  EXPECT_EQ(agent.mail->Count(v1::AttachResponse::kLogProof), 0);
  EXPECT_THAT(house_.Log(), Not(Contains(HasSubstr("witness"))));
}

TEST_F(WitnessesTest, AnOfferProvesThatEachOfItsStatementsIsInTheLog) {
  const House::Attached agent = Attach(Hello());
  const contract::Checkpoint seen = Open(ProofOf(agent));
  Ordered(agent);
  house_.Advance(absl::Seconds(5));
  const v1::RunOffer& offer = agent.mail->Last(v1::AttachResponse::kOffer).offer();
  EXPECT_TRUE(Proves(offer.log_proof(), seen));
  const contract::Checkpoint now = Open(offer.log_proof());
  ASSERT_EQ(offer.approvals_size(), 1);
  ASSERT_EQ(offer.logged_size(), 3);
  const v1::SignedStatement* statements[] = {&offer.plan_statement(), &offer.approvals(0),
                                             &offer.run_statement()};
  const char* actions[] = {"plan.create", "plan.approve", "run.start"};
  for (int i = 0; i < 3; ++i) {
    const v1::LoggedStatement& logged = offer.logged(i);
    EXPECT_TRUE(
        contract::VerifyInclusion(contract::LeafHash(logged.entry()), logged.index(), now.size,
                                  {logged.hashes().begin(), logged.hashes().end()}, now.root));
    v1::AuditEntry entry;
    ASSERT_TRUE(entry.ParseFromString(logged.entry()));
    EXPECT_EQ(entry.action(), actions[i]);
    EXPECT_EQ(entry.outcome(), "ok");
    EXPECT_EQ(entry.environment(), "production");
    EXPECT_EQ(entry.target(), "shop");
    EXPECT_EQ(entry.statement().text(), statements[i]->text());
    EXPECT_EQ(entry.statement().signature(), statements[i]->signature());
  }
}

// In their order, each from where the one before it ended: the agent may not have answered yet.
TEST_F(WitnessesTest, ProofsGoOnFromEachOther) {
  const House::Attached agent = Attach(Hello());
  contract::Checkpoint seen = Open(ProofOf(agent));
  house_.witnesses.RefreshAll();
  EXPECT_EQ(agent.mail->Count(v1::AttachResponse::kLogProof), 0) << "nothing new";
  for (int i = 0; i < 3; ++i) {
    house_.MakePlan("alice", agent);
    house_.witnesses.RefreshAll();
    ASSERT_EQ(agent.mail->Count(v1::AttachResponse::kLogProof), i + 1);
    const v1::LogProof& proof = agent.mail->Last(v1::AttachResponse::kLogProof).log_proof();
    EXPECT_TRUE(Proves(proof, seen));
    seen = Open(proof);
  }
}

TEST_F(WitnessesTest, TheEndOfARunIsWatchedAtOnce) {
  const House::Attached agent = Attach(Hello());
  const std::string run = Ordered(agent);
  house_.Advance(absl::Seconds(5));
  const contract::Checkpoint offered =
      Open(agent.mail->Last(v1::AttachResponse::kOffer).offer().log_proof());
  house_.Accept(agent, run);
  house_.Report(agent, run, v1::RUN_STATE_SUCCEEDED);
  const v1::LogProof& proof = agent.mail->Last(v1::AttachResponse::kLogProof).log_proof();
  EXPECT_TRUE(Proves(proof, offered));
  EXPECT_GT(Open(proof).size, house_.store.GetRun(run)->audit_entry);
}

TEST_F(WitnessesTest, KeepsTheNewestCosignatureAndAddsNoEntryForIt) {
  const House::Attached agent = Attach(Hello());
  const v1::LogProof proof = ProofOf(agent);
  const uint64_t size = house_.store.GetCheckpoint()->size;
  Cosign(agent, proof, key_);
  EXPECT_EQ(house_.store.GetCheckpoint()->size, size);
  EXPECT_EQ(Kept().cosigned_size, Open(proof).size);
  EXPECT_TRUE(contract::VerifyCosignature(Kept().cosigned, key_.verifier, house_.clock.Now()).ok());

  const auto listed = house_.audit_reader.ListCosignatures(house_.As("alice"));
  ASSERT_EQ(listed->checkpoints_size(), 1);
  EXPECT_EQ(listed->checkpoints(0).target(), "shop");
  EXPECT_EQ(listed->checkpoints(0).size(), Open(proof).size);
  EXPECT_EQ(listed->checkpoints(0).checkpoint(), Kept().cosigned);
  EXPECT_EQ(house_.audit_reader.ListCosignatures(house_.As("carol"))->checkpoints_size(), 0)
      << "she may not read production";
  const auto agents = house_.enrolment.List(house_.As("alice"));
  EXPECT_EQ(agents->agents(0).witness_key(), key_.verifier);
  EXPECT_EQ(agents->agents(0).witness_size(), Open(proof).size);
}

TEST_F(WitnessesTest, KeepsNoCosignatureThatDoesNotHold) {
  const House::Attached agent = Attach(Hello());
  Cosign(agent, ProofOf(agent), *contract::MakeWitnessKey(kName));
  EXPECT_EQ(Kept().cosigned, "");
  v1::AttachRequest message;
  message.mutable_cosignature()->set_size(99999);  // nothing that it was shown
  message.mutable_cosignature()->set_line("x");
  EXPECT_TRUE(house_.Tell(agent, message).ok());
  EXPECT_EQ(Kept().cosigned, "");
}

TEST_F(WitnessesTest, WritesAWitnessKeyDownWhenItIsNew) {
  Attach(Hello());
  EXPECT_EQ(NewestEntry("witness.key").detail(), key_.verifier);
  const uint64_t keys = house_.store.GetCheckpoint()->size;
  Attach(Hello());
  EXPECT_EQ(house_.store.GetCheckpoint()->size, keys + 1) << "attached, and nothing more";
}

TEST_F(WitnessesTest, AnAlarmIsWrittenDownOnceAndShownEverywhere) {
  House::Attached agent = Attach(Hello());
  const v1::Plan plan = house_.MakePlan("alice", agent);
  EXPECT_TRUE(
      house_.approvals.Decide(house_.As("bob"), house_.Decision("bob", plan, "approve")).ok());
  const v1::AttachRequest alarm = AlarmOver(v1::REASON_LOG_FORKED);
  ASSERT_TRUE(house_.Tell(agent, alarm).ok());
  EXPECT_EQ(NewestEntry("witness.alarm").outcome(), "LOG_FORKED");
  EXPECT_EQ(NewestEntry("witness.alarm").actor(), "agent:production/shop");
  const uint64_t size = house_.store.GetCheckpoint()->size;
  ASSERT_TRUE(house_.Tell(agent, alarm).ok());
  EXPECT_EQ(house_.store.GetCheckpoint()->size, size);

  v1::GetTargetRequest wanted;
  wanted.set_environment("production");
  wanted.set_name("shop");
  const auto target = house_.catalogue.GetTarget(house_.As("alice"), wanted);
  EXPECT_EQ(target->target().witness_alarm().reason(), v1::REASON_LOG_FORKED);
  EXPECT_EQ(target->target().problem(), "it was rewritten");
  v1::GetEnvironmentRequest of;
  of.set_name("production");
  const auto environment = house_.catalogue.GetEnvironment(house_.As("alice"), of);
  ASSERT_EQ(environment->environment().log_alarms_size(), 1);
  EXPECT_EQ(environment->environment().log_alarms(0).target(), "shop");
  EXPECT_EQ(house_.enrolment.List(house_.As("alice"))->agents(0).witness_alarm().reason(),
            v1::REASON_LOG_FORKED);

  const auto planned = house_.Order("alice", house_.PlanRequest("alice", "production"));
  EXPECT_EQ(contract::ReasonOf(planned->status()), v1::REASON_LOG_FORKED);
  const auto run = house_.runs.Start(house_.As("alice"),
                                     house_.RunRequest("alice", plan, "DELETE ALL DATA shop"));
  EXPECT_EQ(contract::ReasonOf(run.status()), v1::REASON_LOG_FORKED);
  EXPECT_THAT(contract::ProblemOf(run.status()).message(), HasSubstr("production/shop says"));

  // Said again by the next hello: known.
  v1::AgentHello hello = Hello(3);
  *hello.mutable_witness_alarm() = alarm.witness_alarm().problem();
  const uint64_t before = house_.store.GetCheckpoint()->size;
  agent = Attach(hello);
  EXPECT_EQ(house_.store.GetCheckpoint()->size, before + 1);
  house_.MakePlan("bob", house_.Attach("staging"));
  house_.witnesses.RefreshAll();
  EXPECT_EQ(agent.mail->Count(v1::AttachResponse::kLogProof), 0)
      << "in an alarm an agent verifies nothing more";
}

TEST_F(WitnessesTest, AnAcceptanceEndsTheAlarmAndIsWrittenDownOnce) {
  House::Attached agent = Attach(Hello());
  ASSERT_TRUE(house_.Tell(agent, AlarmOver(v1::REASON_LOG_ROLLED_BACK)).ok());
  v1::AgentHello hello = Hello(Open(ProofOf(agent)).size);
  v1::WitnessAcceptance& accepted = *hello.mutable_witness_accepted();
  accepted.set_id("a-1");
  accepted.set_old_size(4812);
  accepted.set_size(7);
  accepted.set_root(std::string(32, 'r'));
  *accepted.mutable_problem() = AlarmOver(v1::REASON_LOG_ROLLED_BACK).witness_alarm().problem();
  agent = Attach(hello);
  const v1::AuditEntry entry = NewestEntry("witness.accept");
  EXPECT_EQ(entry.outcome(), "ok");
  EXPECT_EQ(entry.evidence().at("old_size"), "4812");
  EXPECT_EQ(entry.evidence().at("size"), "7");
  EXPECT_EQ(entry.evidence().at("alarm"), "LOG_ROLLED_BACK");
  EXPECT_EQ(Kept().alarm, "");
  const uint64_t size = house_.store.GetCheckpoint()->size;
  Attach(hello);
  EXPECT_EQ(house_.store.GetCheckpoint()->size, size + 1) << "attached, and nothing more";
}

TEST_F(WitnessesTest, AnAlarmThatIsGoneWithoutAnAcceptanceIsWrittenDownToo) {
  House::Attached agent = Attach(Hello());
  ASSERT_TRUE(house_.Tell(agent, AlarmOver(v1::REASON_LOG_ROLLED_BACK)).ok());
  Attach(Hello());
  EXPECT_EQ(NewestEntry("witness.alarm").outcome(), "ok");
  EXPECT_THAT(NewestEntry("witness.alarm").detail(), HasSubstr("nobody has accepted"));
}

}  // namespace
}  // namespace resetctl::controller

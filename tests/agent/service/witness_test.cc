// What an agent remembers of the audit log, and whom it believes.
#include "agent/service/witness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "agent/service/log_proof.h"
#include "proto/base/file.h"
#include "proto/contract/cosignature.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/audit.pb.h"
#include "tests/agent/service/run_fixture.h"
#include "tests/support/signed_log.h"
#include "tests/support/small_disk.h"

namespace resetctl::agent {
namespace {

using testing::StartsWith;

v1::SeenLog Seen(const test::SignedLog& log) {
  v1::SeenLog seen;
  seen.set_log_key(log.verifier());
  seen.set_checkpoint(log.Note());
  return seen;
}

// ---- the decision

class LogProofTest : public testing::Test {
 protected:
  LogProofTest() { log.Grow(12); }
  v1::Reason Verdict(const v1::LogProof& proof) {
    return contract::ReasonOf(CheckLogProof(seen, proof));
  }

  test::SignedLog log;
  std::optional<v1::SeenLog> seen;
};

TEST_F(LogProofTest, TakesTheFirstLogForTheRightOne) {
  EXPECT_TRUE(CheckLogProof(seen, log.Proof(0)).ok());
}

TEST_F(LogProofTest, TakesNoFirstLogThatItsKeyHasNotSigned) {
  v1::LogProof proof = log.Proof(0);
  proof.set_log_key(test::SignedLog().verifier());
  EXPECT_EQ(Verdict(proof), v1::REASON_LOG_UNPROVED);
  EXPECT_FALSE(ShowsAnotherLog(CheckLogProof(seen, proof)));
}

TEST_F(LogProofTest, TakesALogThatHasGrownOrIsTheSame) {
  seen = Seen(log);
  EXPECT_TRUE(CheckLogProof(seen, log.Proof(12)).ok());
  log.Grow(9);
  EXPECT_TRUE(CheckLogProof(seen, log.Proof(12)).ok());
}

TEST_F(LogProofTest, RefusesAShorterLog) {
  seen = Seen(log);
  log.CutTo(11);
  EXPECT_EQ(Verdict(log.Proof(12)), v1::REASON_LOG_ROLLED_BACK);
}

TEST_F(LogProofTest, RefusesAnotherLogOfTheSameSize) {
  seen = Seen(log);
  log.Rewrite(3, "it was never approved");
  EXPECT_EQ(Verdict(log.Proof(12)), v1::REASON_LOG_FORKED);
}

TEST_F(LogProofTest, RefusesALongerLogThatDoesNotBeginWithTheSame) {
  seen = Seen(log);
  log.Rewrite(3, "it was never approved");
  log.Grow(5);
  EXPECT_EQ(Verdict(log.Proof(12)), v1::REASON_LOG_FORKED);
}

TEST_F(LogProofTest, RefusesAProofThatDoesNotHold) {
  seen = Seen(log);
  log.Grow(5);
  v1::LogProof proof = log.Proof(12);
  proof.set_hashes(0, std::string(32, 'x'));
  EXPECT_EQ(Verdict(proof), v1::REASON_LOG_FORKED);
  proof.clear_hashes();
  EXPECT_EQ(Verdict(proof), v1::REASON_LOG_FORKED);
}

TEST_F(LogProofTest, RefusesAnotherKey) {
  seen = Seen(log);
  test::SignedLog other;
  other.Grow(12);  // the same entries
  EXPECT_EQ(Verdict(other.Proof(12)), v1::REASON_BAD_SIGNATURE);
}

TEST_F(LogProofTest, RefusesABadSignatureAndNonsense) {
  seen = Seen(log);
  v1::LogProof proof = log.Proof(12);
  proof.set_checkpoint(proof.checkpoint().substr(0, proof.checkpoint().size() - 6) + "AAAA=\n");
  EXPECT_EQ(Verdict(proof), v1::REASON_BAD_SIGNATURE);
  proof.set_checkpoint("");
  EXPECT_EQ(Verdict(proof), v1::REASON_BAD_SIGNATURE);
}

TEST_F(LogProofTest, RefusesAnotherOrigin) {
  const contract::LogKeyPair key = *contract::MakeLogKey("resetctl.controller/main");
  v1::SeenLog main;
  main.set_log_key(key.verifier);
  main.set_checkpoint(*contract::SignCheckpoint({"resetctl.controller/main", 12, log.Root()},
                                                "resetctl.controller/main", key.private_pem));
  seen = main;
  v1::LogProof proof;
  proof.set_old_size(12);
  proof.set_log_key(key.verifier);
  proof.set_checkpoint(*contract::SignCheckpoint({"resetctl.controller/copy", 12, log.Root()},
                                                 "resetctl.controller/main", key.private_pem));
  EXPECT_EQ(Verdict(proof), v1::REASON_LOG_FORKED);
}

// Not an alarm: a proof from elsewhere on says nothing about what was seen.
TEST_F(LogProofTest, DoesNotTakeAProofFromAnotherSizeOn) {
  seen = Seen(log);
  log.Grow(5);
  EXPECT_EQ(Verdict(log.Proof(8)), v1::REASON_LOG_UNPROVED);
  EXPECT_EQ(Verdict(log.Proof(0)), v1::REASON_LOG_UNPROVED);
}

// ---- the memory

class WitnessTest : public testing::Test {
 protected:
  WitnessTest() : clock(absl::FromUnixSeconds(1795510800)) {
    log.Grow(5);
    Restart();
    witness->TakeTargets(std::optional<v1::SeenLog>());
    Hello();
  }
  void Restart() {
    auto opened = Witness::Open(folder.path(), kEnvironment, kTarget, clock);
    ASSERT_TRUE(opened.ok()) << opened.status();
    witness = *std::move(opened);
  }
  v1::AgentHello Hello() {
    v1::AgentHello hello;
    witness->FillHello(&hello);
    return hello;
  }
  std::optional<v1::AttachRequest> Take(uint64_t old_size) {
    const v1::LogProof proof = log.Proof(old_size);
    return witness->Take(&proof);
  }
  v1::Reason Why() { return contract::ReasonOf(witness->Check()); }
  // What the verb does once its operator has named what is shown.
  void Decide() {
    const WitnessFiles files(folder.path());
    const v1::WitnessMemory memory = *files.LoadMemory();
    v1::WitnessDecision decision;
    *decision.mutable_history() = memory.shown();
    *decision.mutable_given_up() = memory.seen();
    ASSERT_TRUE(files.SaveDecision(decision).ok());
  }

  test::TempFolder folder;
  test::FakeClock clock;
  test::SignedLog log;
  std::unique_ptr<Witness> witness;
};

TEST_F(WitnessTest, CosignsWhatItHasVerified) {
  const auto answer = Take(0);
  ASSERT_TRUE(answer && answer->has_cosignature());
  EXPECT_EQ(answer->cosignature().size(), 5u);
  EXPECT_THAT(witness->key().verifier, StartsWith("resetctl.agent/production/shop+"));
  const auto time = contract::VerifyCosignature(log.Note() + answer->cosignature().line(),
                                                witness->key().verifier, clock.Now());
  ASSERT_TRUE(time.ok()) << time.status();
  EXPECT_EQ(*time, clock.Now());
}

TEST_F(WitnessTest, RemembersTheNewestAcrossARestart) {
  const std::string key = witness->key().verifier;
  Take(0);
  log.Grow(3);
  Take(5);
  Restart();
  EXPECT_EQ(witness->key().verifier, key);
  EXPECT_EQ(Hello().witness_key(), key);
  EXPECT_EQ(Hello().witness_size(), 8u);
  log.CutTo(7);
  Take(8);
  EXPECT_EQ(Why(), v1::REASON_LOG_ROLLED_BACK);
}

TEST_F(WitnessTest, KeepsItsFilesToItself) {
  Take(0);
  for (const char* name : {"witness", "witness.key"}) {
    struct stat facts;
    ASSERT_EQ(stat(folder.File(name).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << name;
  }
  ASSERT_EQ(chmod(folder.File("witness.key").c_str(), 0644), 0);
  EXPECT_FALSE(Witness::Open(folder.path(), kEnvironment, kTarget, clock).ok());
}

TEST_F(WitnessTest, DoesNotBeginAnewWithADamagedMemory) {
  Take(0);
  ASSERT_TRUE(base::WriteFileDurably(folder.File("witness"), "\xff\xff", 0600).ok());
  const auto opened = Witness::Open(folder.path(), kEnvironment, kTarget, clock);
  EXPECT_EQ(contract::ReasonOf(opened.status()), v1::REASON_CONFIG_INVALID);
}

TEST_F(WitnessTest, WhatCannotBeKeptCountsAndIsCosignedWhenItCan) {
  const std::unique_ptr<test::SmallDisk> disk = test::SmallDisk::MountAt(folder.path());
  if (disk == nullptr) GTEST_SKIP() << "needs the right to mount a file system";
  Restart();
  witness->TakeTargets(std::optional<v1::SeenLog>());
  ASSERT_TRUE(Take(0));
  disk->Fill();
  log.Grow(3);
  EXPECT_FALSE(Take(5)) << "cosigned what it could forget";
  log.Grow(2);
  EXPECT_FALSE(Take(8));
  EXPECT_TRUE(witness->Check().ok()) << "the controller's proof was taken for one from elsewhere";
  disk->MakeRoom();
  const auto answer = Take(10);
  ASSERT_TRUE(answer && answer->has_cosignature());
  EXPECT_EQ(answer->cosignature().size(), 10u);
  Restart();
  EXPECT_EQ(Hello().witness_size(), 10u);
}

TEST_F(WitnessTest, RaisesAnAlarmOnceAndKeepsIt) {
  Take(0);
  log.Rewrite(2, "rewritten");
  log.Grow(2);
  const auto alarm = Take(5);
  ASSERT_TRUE(alarm && alarm->has_witness_alarm());
  EXPECT_EQ(alarm->witness_alarm().problem().reason(), v1::REASON_LOG_FORKED);
  EXPECT_EQ(Why(), v1::REASON_LOG_FORKED);
  log.Grow(1);
  EXPECT_FALSE(Take(7)) << "an alarm is said once; nothing is cosigned in it";
  Restart();
  EXPECT_EQ(Why(), v1::REASON_LOG_FORKED);
  EXPECT_EQ(Hello().witness_alarm().reason(), v1::REASON_LOG_FORKED);
  EXPECT_EQ(Hello().witness_size(), 5u) << "what was seen stays remembered";
}

// Somebody has shown another history: that it is hidden again explains nothing.
TEST_F(WitnessTest, KeepsTheAlarmWhenTheOldLogIsBack) {
  Take(0);
  const std::string leaf = "entry 2";
  log.Rewrite(2, "rewritten");
  Take(5);
  log.Rewrite(2, leaf);
  EXPECT_FALSE(Take(5));
  EXPECT_EQ(Why(), v1::REASON_LOG_FORKED);
}

TEST_F(WitnessTest, AcceptsAnotherHistoryOnlyByItsOperator) {
  Take(0);
  log.CutTo(3);
  Take(5);
  ASSERT_EQ(Why(), v1::REASON_LOG_ROLLED_BACK);
  EXPECT_FALSE(witness->WantsNewStream());
  Decide();
  EXPECT_TRUE(witness->WantsNewStream());
  EXPECT_EQ(Why(), v1::REASON_LOG_ROLLED_BACK) << "until the next hello";
  const v1::AgentHello hello = Hello();
  EXPECT_FALSE(hello.has_witness_alarm());
  EXPECT_EQ(hello.witness_size(), 3u);
  EXPECT_EQ(hello.witness_accepted().old_size(), 5u);
  EXPECT_EQ(hello.witness_accepted().size(), 3u);
  EXPECT_EQ(hello.witness_accepted().root(), log.Root());
  EXPECT_EQ(hello.witness_accepted().problem().reason(), v1::REASON_LOG_ROLLED_BACK);
  EXPECT_TRUE(witness->Check().ok());
  EXPECT_FALSE(witness->WantsNewStream());
  log.Grow(4, "new");
  EXPECT_TRUE(Take(3)->has_cosignature());
  Restart();
  EXPECT_EQ(Hello().witness_accepted().id(), hello.witness_accepted().id());
  EXPECT_TRUE(witness->Check().ok());
}

// What was accepted is what its operator saw, not whatever comes next.
TEST_F(WitnessTest, RaisesTheAlarmAgainWhenAThirdHistoryComes) {
  Take(0);
  log.CutTo(3);
  Take(5);
  Decide();
  Hello();
  log.Rewrite(1, "rewritten");
  log.Grow(1);
  EXPECT_TRUE(Take(3)->has_witness_alarm());
  EXPECT_EQ(Why(), v1::REASON_LOG_FORKED);
}

TEST_F(WitnessTest, TakesTheNewKeyWithWhatWasAccepted) {
  Take(0);
  test::SignedLog rekeyed;
  rekeyed.Grow(6);
  const v1::LogProof proof = rekeyed.Proof(5);
  witness->Take(&proof);
  ASSERT_EQ(Why(), v1::REASON_BAD_SIGNATURE);
  Decide();
  EXPECT_EQ(Hello().witness_size(), 6u);
  const v1::LogProof next = rekeyed.Grow(1).Proof(6);
  EXPECT_TRUE(witness->Take(&next)->has_cosignature());
  const v1::LogProof old = log.Grow(9).Proof(7);
  EXPECT_TRUE(witness->Take(&old)->has_witness_alarm());
}

// While the controller has an old key beside its new one, both sign.
TEST_F(WitnessTest, FollowsAKeyThatTheKnownOneVouchesFor) {
  Take(0);
  test::SignedLog rekeyed;
  rekeyed.Grow(6);
  v1::LogProof both = rekeyed.Proof(5);
  const std::string old_note = log.Grow(1).Note();
  both.set_checkpoint(rekeyed.Note() +
                      old_note.substr(old_note.rfind('\n', old_note.size() - 2) + 1));
  const auto answer = witness->Take(&both);
  ASSERT_TRUE(answer && answer->has_cosignature()) << witness->Check();
  const v1::LogProof next = rekeyed.Grow(1).Proof(6);
  EXPECT_TRUE(witness->Take(&next)->has_cosignature());
  const v1::LogProof old = log.Grow(9).Proof(7);
  EXPECT_TRUE(witness->Take(&old)->has_witness_alarm());
}

TEST_F(WitnessTest, TakesNoAcceptanceWhileNothingIsWrong) {
  Take(0);
  v1::WitnessDecision decision;
  *decision.mutable_history() = Seen(test::SignedLog().Grow(1));
  *decision.mutable_given_up() = Seen(log);
  ASSERT_TRUE(WitnessFiles(folder.path()).SaveDecision(decision).ok());
  EXPECT_EQ(Hello().witness_size(), 5u);
  EXPECT_FALSE(Hello().has_witness_accepted());
  EXPECT_FALSE(witness->WantsNewStream()) << "it is not kept for later";
}

// A controller that is older than its log's witnesses.
TEST_F(WitnessTest, WorksWithAControllerThatNeverProvedAnything) {
  EXPECT_FALSE(witness->Take(nullptr));
  EXPECT_TRUE(witness->Check().ok());
  EXPECT_FALSE(Hello().has_witness_alarm());
  EXPECT_TRUE(WitnessFiles(folder.path()).LoadMemory()->unproved()) << "check tells it";
  Take(0);
  EXPECT_FALSE(WitnessFiles(folder.path()).LoadMemory()->unproved());
}

// The downgrade: whoever has rewritten the log would rather prove nothing.
TEST_F(WitnessTest, WorksForNoControllerThatStopsProving) {
  Take(0);
  Restart();
  EXPECT_FALSE(witness->Take(nullptr));
  EXPECT_EQ(Why(), v1::REASON_LOG_UNPROVED);
  Hello();
  EXPECT_TRUE(Take(5)->has_cosignature());
  EXPECT_TRUE(witness->Check().ok()) << "it is no alarm: nothing else was shown";
  EXPECT_TRUE(witness->WantsNewStream()) << "the last hello told of it";
}

TEST_F(WitnessTest, WorksForNoControllerThatProvesFromElsewhere) {
  Take(0);
  Hello();
  log.Grow(4);
  EXPECT_FALSE(Take(2));
  EXPECT_EQ(Why(), v1::REASON_LOG_UNPROVED);
  EXPECT_TRUE(witness->WantsNewStream());
}

// ---- beside a target that remembers

class FreshWitnessTest : public WitnessTest {
 protected:
  FreshWitnessTest() { Restart(); }
};

TEST_F(FreshWitnessTest, BeginsWithWhatTheTargetRemembers) {
  witness->TakeTargets(std::optional<v1::SeenLog>(Seen(log)));
  EXPECT_EQ(Hello().witness_size(), 5u);
  log.Rewrite(0, "rewritten");
  log.Grow(1);
  EXPECT_TRUE(Take(5)->has_witness_alarm());
}

TEST_F(FreshWitnessTest, TakesNoLogForTheFirstBeforeTheTargetWasAsked) {
  witness->TakeTargets(contract::Error(v1::REASON_DATABASE_UNREACHABLE, "no answer"));
  Hello();
  EXPECT_FALSE(Take(0));
  EXPECT_EQ(Why(), v1::REASON_DATABASE_UNREACHABLE);
  EXPECT_EQ(Hello().witness_size(), 0u);
  witness->TakeTargets(std::optional<v1::SeenLog>(Seen(log)));
  EXPECT_TRUE(witness->WantsNewStream());
  EXPECT_EQ(Hello().witness_size(), 5u);
  EXPECT_TRUE(witness->Check().ok());
}

TEST_F(FreshWitnessTest, DoesNotBelieveARowThatItsOwnKeyHasNotSigned) {
  v1::SeenLog forged = Seen(log);
  forged.set_log_key(test::SignedLog().verifier());
  witness->TakeTargets(std::optional<v1::SeenLog>(forged));
  EXPECT_EQ(Why(), v1::REASON_LEDGER_DISAGREES);
  EXPECT_FALSE(Take(0));
}

TEST_F(FreshWitnessTest, PrefersItsOwnMemory) {
  witness->TakeTargets(std::optional<v1::SeenLog>());
  Take(0);
  Restart();
  test::SignedLog other;
  witness->TakeTargets(std::optional<v1::SeenLog>(Seen(other.Grow(40))));
  EXPECT_EQ(Hello().witness_size(), 5u);
}

}  // namespace
}  // namespace resetctl::agent

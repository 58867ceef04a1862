#include "tests/controller/store/store_conformance.h"

namespace resetctl::controller {
namespace {

// ---- sessions, challenges, nonces

TEST_P(StoreTest, AChallengeIsGoodOnce) {
  const std::string challenge(32, '\0');
  ASSERT_TRUE(
      store_->Write(InsertChallenge{{challenge, "alice", Start() + absl::Minutes(1)}}).ok());
  EXPECT_EQ(store_->FindChallenge(challenge)->person, "alice");
  EXPECT_EQ(contract::ReasonOf(Commit(UseChallenge{challenge, Start() + absl::Minutes(1)})),
            v1::REASON_UNAUTHENTICATED);
  ASSERT_TRUE(Commit(UseChallenge{challenge, Start()}).ok());
  EXPECT_EQ(contract::ReasonOf(Commit(UseChallenge{challenge, Start()})),
            v1::REASON_UNAUTHENTICATED);
  EXPECT_TRUE(absl::IsNotFound(store_->FindChallenge(challenge).status()));
}

TEST_P(StoreTest, KeepsSessionsByTheHashOfTheirToken) {
  const SessionRecord session{
      contract::Sha256("token"), "alice", FingerprintOf("alice"), "127.0.0.1:9", Start(),
      Start() + absl::Hours(8)};
  ASSERT_TRUE(Commit(InsertSession{session}).ok());
  const SessionRecord read = *store_->FindSession(session.token_hash);
  EXPECT_EQ(read.token_hash, session.token_hash);
  EXPECT_EQ(read.person, "alice");
  EXPECT_EQ(read.key_fingerprint, session.key_fingerprint);
  EXPECT_EQ(read.peer, session.peer);
  EXPECT_EQ(read.expire_time, session.expire_time);
  ASSERT_TRUE(Commit(DeleteSession{session.token_hash}).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->FindSession(session.token_hash).status()));
}

TEST_P(StoreTest, ANonceIsUsedOnce) {
  ASSERT_TRUE(Commit(UseNonce{"4Zk0aaaaaaaaaaaa", Start() + absl::Hours(1)}).ok());
  EXPECT_EQ(contract::ReasonOf(Commit(UseNonce{"4Zk0aaaaaaaaaaaa", Start() + absl::Hours(1)})),
            v1::REASON_STATEMENT_REPLAYED);
}

// ---- agents

TEST_P(StoreTest, AJoinTokenBuysOneCertificate) {
  const JoinTokenRecord token{contract::Sha256("join"), "production", "rental-manager", "alice",
                              Start() + absl::Hours(1)};
  ASSERT_TRUE(Commit(InsertJoinToken{token}).ok());
  EXPECT_EQ(store_->FindJoinToken(token.token_hash)->target, "rental-manager");
  EXPECT_EQ(contract::ReasonOf(Commit(UseJoinToken{token.token_hash, token.expire_time})),
            v1::REASON_TOKEN_INVALID);
  const CertificateRecord certificate{
      "0a", "production", "rental-manager", Start() + absl::Hours(720), Start(), false};
  ASSERT_TRUE(Commit(UseJoinToken{token.token_hash, Start()}, InsertCertificate{certificate}).ok());
  EXPECT_EQ(contract::ReasonOf(Commit(UseJoinToken{token.token_hash, Start()})),
            v1::REASON_TOKEN_INVALID);
  EXPECT_EQ(store_->FindCertificate("0a")->target, "rental-manager");
  EXPECT_EQ(store_->GetAgent("production", "rental-manager")->enroll_time, Start());
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(InsertCertificate{certificate})));
}

TEST_P(StoreTest, KeepsWhatAnAgentSaidLast) {
  EXPECT_TRUE(absl::IsNotFound(Commit(SetAgentHello{"staging", "shop", "hello", Start()})));
  ASSERT_TRUE(Commit(InsertCertificate{{"0b", "staging", "shop", Start(), Start(), false}}).ok());
  EXPECT_EQ(store_->GetAgent("staging", "shop")->seen_time, std::nullopt);
  ASSERT_TRUE(Commit(SetAgentHello{"staging", "shop", std::string("\0hello", 6), Start()}).ok());
  ASSERT_TRUE(store_->Write(SeeAgent{"staging", "shop", Start() + absl::Seconds(5)}).ok());
  const AgentRecord agent = *store_->GetAgent("staging", "shop");
  EXPECT_EQ(agent.hello, std::string("\0hello", 6));
  EXPECT_EQ(agent.seen_time, Start() + absl::Seconds(5));
  EXPECT_TRUE(store_->Write(SeeAgent{"staging", "nobody", Start()}).ok());
  EXPECT_EQ(store_->ListAgents()->size(), 1u);
}

TEST_P(StoreTest, KeepsWhatAnAgentSaysAsAWitness) {
  EXPECT_TRUE(absl::IsNotFound(Commit(SetWitness{"staging", "shop", {"vkey", "", "", "", 0}})));
  ASSERT_TRUE(Commit(InsertCertificate{{"0b", "staging", "shop", Start(), Start(), false}}).ok());
  EXPECT_EQ(store_->GetAgent("staging", "shop")->witness.key, "");
  const std::string note("note\0\n", 6);
  const uint64_t size = LogSize();
  ASSERT_TRUE(store_->Write(KeepCosignature{"staging", "shop", note, 4812}).ok());
  EXPECT_EQ(LogSize(), size) << "a cosignature is no entry: it would give rise to the next one";
  ASSERT_TRUE(
      Commit(SetWitness{"staging", "shop", {"vkey", std::string("\0alarm", 6), "a-1", "", 0}})
          .ok());
  const WitnessRecord witness = store_->ListAgents()->front().witness;
  EXPECT_EQ(witness.key, "vkey");
  EXPECT_EQ(witness.alarm, std::string("\0alarm", 6));
  EXPECT_EQ(witness.accepted, "a-1");
  EXPECT_EQ(witness.cosigned, note);
  EXPECT_EQ(witness.cosigned_size, 4812u);
  ASSERT_TRUE(store_->Write(KeepCosignature{"staging", "shop", "older", 12}).ok());
  EXPECT_EQ(store_->GetAgent("staging", "shop")->witness.cosigned_size, 12u)
      << "after a history was given up";
  EXPECT_TRUE(store_->Write(KeepCosignature{"staging", "nobody", note, 1}).ok());
}

TEST_P(StoreTest, RevokesAllCertificatesOfAnAgent) {
  ASSERT_TRUE(Commit(InsertCertificate{{"01", "staging", "shop", Start(), Start(), false}},
                     InsertCertificate{{"02", "staging", "shop", Start(), Start(), false}},
                     InsertCertificate{{"03", "demo", "shop", Start(), Start(), false}})
                  .ok());
  ASSERT_TRUE(Commit(RevokeCertificates{"staging", "shop"}).ok());
  EXPECT_TRUE(store_->FindCertificate("01")->revoked);
  EXPECT_FALSE(store_->FindCertificate("03")->revoked);
  const std::vector<CertificateRecord> list = *store_->ListCertificates("staging", "shop");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].serial, "02");
  EXPECT_TRUE(absl::IsNotFound(Commit(RevokeCertificates{"production", "shop"})));
}

TEST_P(StoreTest, ListsSessionsNewestFirst) {
  const auto session = [](const std::string& hash, const std::string& person, int hour) {
    return InsertSession{{std::string(32, hash[0]), person, "SHA256:x", "10.0.0.1",
                          Start() + absl::Hours(hour), Start() + absl::Hours(24)}};
  };
  ASSERT_TRUE(
      Commit(session("a", "alice", 1), session("b", "bob", 2), session("c", "alice", 3)).ok());
  const std::vector<SessionRecord> alices = *store_->ListSessions("alice");
  ASSERT_EQ(alices.size(), 2u);
  EXPECT_EQ(alices[0].create_time, Start() + absl::Hours(3));
  EXPECT_EQ(alices[1].token_hash, std::string(32, 'a'));
  EXPECT_EQ(store_->ListSessions("")->size(), 3u);
  EXPECT_TRUE(store_->ListSessions("carol")->empty());
}

// ---- notifications

TEST_P(StoreTest, KeepsHowFarEachReceiverHasBeenTold) {
  const uint64_t size = LogSize();
  EXPECT_EQ(*store_->FindCursor("ops"), std::nullopt);
  ASSERT_TRUE(store_->Write(SetNotificationCursor{"ops", 0}).ok());
  EXPECT_EQ(*store_->FindCursor("ops"), 0u);
  ASSERT_TRUE(store_->Write(SetNotificationCursor{"ops", 7}).ok());
  ASSERT_TRUE(store_->Write(SetNotificationCursor{"chat", 12}).ok());
  EXPECT_EQ(*store_->FindCursor("ops"), 7u);
  EXPECT_EQ(*store_->FindCursor("chat"), 12u);
  EXPECT_EQ(*store_->FindCursor("nobody"), std::nullopt);
  EXPECT_EQ(LogSize(), size);
  ASSERT_TRUE(Commit(SetNotificationCursor{"ops", 8}).ok());
  EXPECT_EQ(*store_->FindCursor("ops"), 8u);
  EXPECT_EQ(LogSize(), size + 1);
}

// ---- freezes, requests, forgetting

TEST_P(StoreTest, FreezesAndUnfreezes) {
  EXPECT_EQ(*store_->FindFreeze("production"), std::nullopt);
  ASSERT_TRUE(Commit(SetFreeze{{"production", "alice", "audit", Start()}}).ok());
  ASSERT_TRUE(Commit(SetFreeze{{"production", "bob", "year end", Start()}}).ok());
  EXPECT_EQ((*store_->FindFreeze("production"))->person, "bob");
  EXPECT_EQ(*store_->FindFreeze("staging"), std::nullopt);
  EXPECT_EQ((*store_->FindFreeze("production"))->until, absl::InfiniteFuture());
  ASSERT_TRUE(Commit(SetFreeze{{"production", "bob", "", Start(), Start() + absl::Hours(4)}}).ok());
  EXPECT_EQ((*store_->FindFreeze("production"))->until, Start() + absl::Hours(4));
  ASSERT_TRUE(Commit(LiftFreeze{"production"}).ok());
  EXPECT_EQ(*store_->FindFreeze("production"), std::nullopt);
}

TEST_P(StoreTest, ARequestIdIsUsedOncePerPersonAndMethod) {
  const RequestRecord request{"alice", "CreatePlan", "id-1", "digest", "p-aa", Start()};
  ASSERT_TRUE(Commit(InsertRequest{request}).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(InsertRequest{request})));
  EXPECT_EQ((*store_->FindRequest("alice", "CreatePlan", "id-1"))->subject, "p-aa");
  EXPECT_EQ(*store_->FindRequest("bob", "CreatePlan", "id-1"), std::nullopt);
  EXPECT_EQ(*store_->FindRequest("alice", "StartRun", "id-1"), std::nullopt);
  RequestRecord nameless = request;
  nameless.request_id = "";
  EXPECT_TRUE(Commit(InsertRequest{nameless}).ok());
  EXPECT_TRUE(Commit(InsertRequest{nameless}).ok());
  EXPECT_EQ(*store_->FindRequest("alice", "CreatePlan", ""), std::nullopt);
}

TEST_P(StoreTest, ForgetsOnlyWhatIsOver) {
  const absl::Time soon = Start() + absl::Minutes(1);
  const absl::Time later = Start() + absl::Hours(1);
  ASSERT_TRUE(store_->Write(InsertChallenge{{"over", "alice", soon}}).ok());
  ASSERT_TRUE(store_->Write(InsertChallenge{{"open", "alice", later}}).ok());
  ASSERT_TRUE(Commit(InsertSession{{"over", "alice", "", "", Start(), soon}},
                     InsertSession{{"open", "alice", "", "", Start(), later}},
                     UseNonce{"over", soon}, UseNonce{"open", later},
                     InsertRequest{{"alice", "M", "old", "", "", Start()}},
                     InsertRequest{{"alice", "M", "new", "", "", soon}})
                  .ok());
  ASSERT_TRUE(store_->Write(Forget{soon, soon}).ok());
  EXPECT_FALSE(store_->FindChallenge("over").ok());
  EXPECT_TRUE(store_->FindChallenge("open").ok());
  EXPECT_FALSE(store_->FindSession("over").ok());
  EXPECT_TRUE(store_->FindSession("open").ok());
  EXPECT_TRUE(Commit(UseNonce{"over", later}).ok());
  EXPECT_FALSE(Commit(UseNonce{"open", later}).ok());
  EXPECT_EQ(*store_->FindRequest("alice", "M", "old"), std::nullopt);
  EXPECT_NE(*store_->FindRequest("alice", "M", "new"), std::nullopt);
}

}  // namespace
}  // namespace resetctl::controller

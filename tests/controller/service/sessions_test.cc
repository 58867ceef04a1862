#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/service/house.h"

namespace resetctl::controller {
namespace {

using contract::ReasonOf;
using testing::AllOf;
using testing::Contains;
using testing::Not;

v1::LoginRequest LoginWith(House& house, const std::string& person, const std::string& challenge,
                           const std::string& pin = kCaPin, const std::string& signer = "") {
  contract::StatementBuilder builder(contract::StatementType::kLogin);
  builder.Set("ca-pin", pin)
      .Set("challenge", base::ToBase64(challenge))
      .SetTime("expires", house.clock.Now() + absl::Minutes(1))
      .Set("person", person)
      .SetTime("time", house.clock.Now());
  v1::LoginRequest request;
  *request.mutable_statement() =
      *contract::SignStatement(*builder.Build(), KeyOf(signer.empty() ? person : signer).path());
  return request;
}

std::string ChallengeFor(House& house, const std::string& person) {
  v1::CreateChallengeRequest request;
  request.set_person(person);
  return house.sessions.CreateChallenge(request, "10.0.0.1")->challenge();
}

TEST(SessionsTest, BuysATokenWithASignedChallenge) {
  House house;
  const auto login =
      house.sessions.Login(LoginWith(house, "alice", ChallengeFor(house, "alice")), "10.0.0.1");
  ASSERT_TRUE(login.ok()) << login.status();
  const auto who = house.sessions.Authenticate(login->token(), "10.0.0.1");
  ASSERT_TRUE(who.ok()) << who.status();
  EXPECT_EQ(who->caller.person, "alice");
  EXPECT_THAT(house.Log(), Contains("login ok"));
}

TEST(SessionsTest, KeepsNeitherTokenNorItsText) {
  House house;
  const auto login =
      house.sessions.Login(LoginWith(house, "alice", ChallengeFor(house, "alice")), "10.0.0.1");
  ASSERT_TRUE(login.ok());
  const auto page = house.store.ListAudit({}, {500, ""});
  ASSERT_FALSE(page->items.empty());
  for (const StoredAuditEntry& entry : page->items) {
    EXPECT_THAT(entry.bytes, Not(testing::HasSubstr(login->token())));
  }
  EXPECT_FALSE(house.store.FindSession(login->token()).ok());
}

TEST(SessionsTest, TakesAChallengeOnce) {
  House house;
  const v1::LoginRequest request = LoginWith(house, "alice", ChallengeFor(house, "alice"));
  ASSERT_TRUE(house.sessions.Login(request, "10.0.0.1").ok());
  EXPECT_EQ(ReasonOf(house.sessions.Login(request, "10.0.0.1").status()),
            v1::REASON_UNAUTHENTICATED);
  EXPECT_THAT(house.Log(), Contains("login.fail UNAUTHENTICATED"));
}

TEST(SessionsTest, UsesAChallengeUpWithAFailedAttempt) {
  House house;
  const std::string challenge = ChallengeFor(house, "alice");
  EXPECT_FALSE(
      house.sessions.Login(LoginWith(house, "alice", challenge, kCaPin, "bob"), "10.0.0.1").ok());
  EXPECT_EQ(
      ReasonOf(house.sessions.Login(LoginWith(house, "alice", challenge), "10.0.0.1").status()),
      v1::REASON_UNAUTHENTICATED);
}

TEST(SessionsTest, RefusesAChallengeAfterAMinute) {
  House house;
  const std::string challenge = ChallengeFor(house, "alice");
  house.Advance(absl::Seconds(61));
  EXPECT_EQ(
      ReasonOf(house.sessions.Login(LoginWith(house, "alice", challenge), "10.0.0.1").status()),
      v1::REASON_UNAUTHENTICATED);
}

TEST(SessionsTest, RefusesAChallengeThatItNeverIssued) {
  House house;
  const std::string invented(32, 'x');
  EXPECT_EQ(
      ReasonOf(house.sessions.Login(LoginWith(house, "alice", invented), "10.0.0.1").status()),
      v1::REASON_UNAUTHENTICATED);
}

TEST(SessionsTest, RefusesAStatementForAnotherController) {
  House house;
  const std::string other = "sha256:" + std::string(64, '2');
  const auto login = house.sessions.Login(
      LoginWith(house, "alice", ChallengeFor(house, "alice"), other), "10.0.0.1");
  EXPECT_EQ(ReasonOf(login.status()), v1::REASON_STATEMENT_MISMATCH);
}

TEST(SessionsTest, RefusesAnotherPersonsKeyAndAnUnknownOne) {
  House house;
  const auto forged = house.sessions.Login(
      LoginWith(house, "alice", ChallengeFor(house, "alice"), kCaPin, "bob"), "10.0.0.1");
  EXPECT_FALSE(forged.ok());
  const auto stranger = house.sessions.Login(
      LoginWith(house, "alice", ChallengeFor(house, "alice"), kCaPin, "mallory"), "10.0.0.1");
  EXPECT_EQ(ReasonOf(stranger.status()), v1::REASON_UNKNOWN_KEY);
}

TEST(SessionsTest, LimitsAttemptsPerAddressAndPerson) {
  House house;
  v1::CreateChallengeRequest request;
  request.set_person("alice");
  absl::Status last;
  for (int i = 0; i < 30 && last.ok(); ++i) {
    last = house.sessions.CreateChallenge(request, "10.0.0.9").status();
  }
  EXPECT_EQ(ReasonOf(last), v1::REASON_RATE_LIMITED);
  EXPECT_TRUE(house.sessions.CreateChallenge(request, "10.0.0.8").ok());
  house.Advance(absl::Minutes(1));
  EXPECT_TRUE(house.sessions.CreateChallenge(request, "10.0.0.9").ok());
}

TEST(SessionsTest, EndsASessionWithItsTimeLogoutOrTheKeysRemoval) {
  House house;
  const auto login = [&] {
    return house.sessions
        .Login(LoginWith(house, "alice", ChallengeFor(house, "alice")), "10.0.0.1")
        ->token();
  };
  const std::string first = login();
  ASSERT_TRUE(house.sessions.Logout(*house.sessions.Authenticate(first, "")).ok());
  EXPECT_EQ(ReasonOf(house.sessions.Authenticate(first, "").status()), v1::REASON_UNAUTHENTICATED);

  const std::string second = login();
  house.Advance(absl::Hours(12));
  EXPECT_EQ(ReasonOf(house.sessions.Authenticate(second, "").status()), v1::REASON_SESSION_EXPIRED);

  const std::string third = login();
  house.policy.Set(contract::ReadPolicy("people: {}\nenvironments: {}\n", "policy.yaml").policy);
  EXPECT_EQ(ReasonOf(house.sessions.Authenticate(third, "").status()), v1::REASON_UNAUTHENTICATED);
}

// A requester with a real session.
Requester LogIn(House& house, const std::string& person) {
  const auto login =
      house.sessions.Login(LoginWith(house, person, ChallengeFor(house, person)), "10.0.0.1");
  return *house.sessions.Authenticate(login->token(), "10.0.0.1");
}

TEST(SessionsTest, ListsOnesOwnAndForAnAdminEverybodys) {
  House house;
  const Requester carol = LogIn(house, "carol");
  house.Advance(absl::Seconds(1));
  const Requester alice = LogIn(house, "alice");
  const auto own = house.sessions.List(carol);
  ASSERT_EQ(own->sessions_size(), 1);
  EXPECT_EQ(own->sessions(0).person(), "carol");
  EXPECT_TRUE(own->sessions(0).current());
  const auto all = house.sessions.List(alice);
  ASSERT_EQ(all->sessions_size(), 2);
  EXPECT_EQ(all->sessions(0).person(), "alice");
  EXPECT_FALSE(all->sessions(1).current());
  house.Advance(absl::Hours(12) - absl::Seconds(1));
  EXPECT_EQ(house.sessions.List(alice)->sessions_size(), 1);
}

TEST(SessionsTest, EndsOnesOwnSessionWithoutASignature) {
  House house;
  const auto lost =
      house.sessions.Login(LoginWith(house, "carol", ChallengeFor(house, "carol")), "10.6.6.6");
  const Requester carol = LogIn(house, "carol");
  v1::RevokeSessionRequest revoke;
  const v1::ListSessionsResponse sessions = *house.sessions.List(carol);
  for (const v1::Session& each : sessions.sessions()) {
    if (!each.current()) revoke.set_session_id(each.id());
  }
  ASSERT_TRUE(house.sessions.Revoke(carol, revoke).ok());
  EXPECT_EQ(ReasonOf(house.sessions.Authenticate(lost->token(), "").status()),
            v1::REASON_UNAUTHENTICATED);
  EXPECT_EQ(ReasonOf(house.sessions.Revoke(carol, revoke).status()), v1::REASON_NOT_FOUND);
}

TEST(SessionsTest, EndsAnotherPersonsSessionByAnAdminsStatementOnly) {
  House house;
  const auto login =
      house.sessions.Login(LoginWith(house, "carol", ChallengeFor(house, "carol")), "10.0.0.1");
  const Requester carol = *house.sessions.Authenticate(login->token(), "");
  const Requester alice = LogIn(house, "alice");
  v1::RevokeSessionRequest revoke;
  revoke.set_session_id(house.sessions.List(carol)->sessions(0).id());
  EXPECT_EQ(ReasonOf(house.sessions.Revoke(LogIn(house, "nightly"), revoke).status()),
            v1::REASON_NOT_FOUND);
  EXPECT_EQ(ReasonOf(house.sessions.Revoke(alice, revoke).status()), v1::REASON_STATEMENT_INVALID);
  *revoke.mutable_admin_statement() =
      SignAdmin("alice", contract::RevokeSessionAction("s-0000000000000000"), house.clock.Now());
  EXPECT_EQ(ReasonOf(house.sessions.Revoke(alice, revoke).status()), v1::REASON_STATEMENT_MISMATCH);
  EXPECT_TRUE(house.sessions.Authenticate(login->token(), "").ok());
  *revoke.mutable_admin_statement() =
      SignAdmin("alice", contract::RevokeSessionAction(revoke.session_id()), house.clock.Now());
  ASSERT_TRUE(house.sessions.Revoke(alice, revoke).ok());
  EXPECT_FALSE(house.sessions.Authenticate(login->token(), "").ok());
  EXPECT_THAT(house.Log(), Contains("session.revoke ok"));
}

}  // namespace
}  // namespace resetctl::controller

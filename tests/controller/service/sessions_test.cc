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
  house.policy.Set(ReadPolicy("people: {}\nenvironments: {}\n", "policy.yaml").policy);
  EXPECT_EQ(ReasonOf(house.sessions.Authenticate(third, "").status()), v1::REASON_UNAUTHENTICATED);
}

}  // namespace
}  // namespace resetctl::controller

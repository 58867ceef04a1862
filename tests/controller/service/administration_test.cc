#include "controller/service/administration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

using contract::ReasonOf;
using testing::Contains;
using testing::HasSubstr;

v1::FreezeEnvironmentRequest FreezeRequest(House& house, const std::string& person,
                                           absl::Time until = absl::InfiniteFuture()) {
  v1::FreezeEnvironmentRequest request;
  request.set_environment("production");
  request.set_reason("year end");
  if (until != absl::InfiniteFuture()) {
    request.mutable_until()->set_seconds(absl::ToUnixSeconds(until));
  }
  *request.mutable_admin_statement() =
      SignAdmin(person, contract::FreezeAction("production", until, "year end"), house.clock.Now());
  return request;
}

v1::UnfreezeEnvironmentRequest UnfreezeRequest(House& house, const std::string& person) {
  v1::UnfreezeEnvironmentRequest request;
  request.set_environment("production");
  *request.mutable_admin_statement() =
      SignAdmin(person, contract::UnfreezeAction("production"), house.clock.Now());
  return request;
}

v1::ApplyPolicyRequest PolicyRequest(House& house, const std::string& person,
                                     const std::string& yaml) {
  v1::ApplyPolicyRequest request;
  request.set_yaml(yaml);
  *request.mutable_admin_statement() =
      SignAdmin(person, contract::ApplyPolicyAction(yaml), house.clock.Now());
  return request;
}

TEST(FreezeTest, LetsNoRunStartUntilItIsLifted) {
  Ready house;
  ASSERT_TRUE(house.administration.Freeze(house.As("bob"), FreezeRequest(house, "bob")).ok());
  const auto refused = house.Run();
  EXPECT_EQ(ReasonOf(refused.status()), v1::REASON_FROZEN);
  EXPECT_THAT(refused.status().message(), HasSubstr("year end"));
  ASSERT_TRUE(house.administration.Unfreeze(house.As("bob"), UnfreezeRequest(house, "bob")).ok());
  EXPECT_TRUE(house.Run().ok());
  EXPECT_THAT(house.Log(), Contains("environment.freeze ok"));
  EXPECT_THAT(house.Log(), Contains("environment.unfreeze ok"));
}

TEST(FreezeTest, EndsByItselfAtItsTime) {
  Ready house;
  const absl::Time until = house.clock.Now() + absl::Minutes(30);
  ASSERT_TRUE(
      house.administration.Freeze(house.As("bob"), FreezeRequest(house, "bob", until)).ok());
  house.clock.Advance(absl::Minutes(30) - absl::Seconds(1));
  EXPECT_EQ(ReasonOf(house.Run().status()), v1::REASON_FROZEN);
  house.clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(house.Run().ok());
}

TEST(FreezeTest, IsAnAdminsSignedWordAboutExactlyThis) {
  House house;
  EXPECT_EQ(ReasonOf(house.administration.Freeze(house.As("carol"), FreezeRequest(house, "carol"))),
            v1::REASON_ROLE_MISSING);
  // A stolen session: bob's token, nobody's signature or another's.
  v1::FreezeEnvironmentRequest request = FreezeRequest(house, "alice");
  EXPECT_EQ(ReasonOf(house.administration.Freeze(house.As("bob"), request)),
            v1::REASON_STATEMENT_MISMATCH);
  request = FreezeRequest(house, "bob");
  request.set_environment("staging");
  EXPECT_EQ(ReasonOf(house.administration.Freeze(house.As("bob"), request)),
            v1::REASON_STATEMENT_MISMATCH);
  request = FreezeRequest(house, "bob");
  request.mutable_until()->set_seconds(absl::ToUnixSeconds(house.clock.Now()) + 60);
  EXPECT_EQ(ReasonOf(house.administration.Freeze(house.As("bob"), request)),
            v1::REASON_STATEMENT_MISMATCH);
  request = FreezeRequest(house, "bob");
  request.set_reason("holidays");
  EXPECT_EQ(ReasonOf(house.administration.Freeze(house.As("bob"), request)),
            v1::REASON_STATEMENT_MISMATCH);
  request = FreezeRequest(house, "bob");
  request.mutable_admin_statement()->clear_signature();
  EXPECT_FALSE(house.administration.Freeze(house.As("bob"), request).ok());
  EXPECT_EQ(*house.store.FindFreeze("production"), std::nullopt);
}

TEST(FreezeTest, AStatementIsGoodOnce) {
  House house;
  const v1::FreezeEnvironmentRequest freeze = FreezeRequest(house, "bob");
  ASSERT_TRUE(house.administration.Freeze(house.As("bob"), freeze).ok());
  ASSERT_TRUE(house.administration.Unfreeze(house.As("bob"), UnfreezeRequest(house, "bob")).ok());
  EXPECT_EQ(ReasonOf(house.administration.Freeze(house.As("bob"), freeze)),
            v1::REASON_STATEMENT_REPLAYED);
  EXPECT_EQ(*house.store.FindFreeze("production"), std::nullopt);
}

TEST(FreezeTest, RefusesWhatMakesNoSense) {
  House house;
  EXPECT_EQ(ReasonOf(house.administration.Freeze(house.As("bob"),
                                                 FreezeRequest(house, "bob", house.clock.Now()))),
            v1::REASON_INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(house.administration.Unfreeze(house.As("bob"), UnfreezeRequest(house, "bob"))),
            v1::REASON_WRONG_STATE);
  v1::FreezeEnvironmentRequest nowhere;
  nowhere.set_environment("demo");
  *nowhere.mutable_admin_statement() = SignAdmin(
      "bob", contract::FreezeAction("demo", absl::InfiniteFuture(), ""), house.clock.Now());
  EXPECT_EQ(ReasonOf(house.administration.Freeze(house.As("bob"), nowhere)), v1::REASON_NOT_FOUND);
}

TEST(ApplyPolicyTest, PutsItInForceAndKeepsItForTheNextStart) {
  House house;
  const std::string before = house.policy.Get()->digest;
  const std::string yaml = absl::StrReplaceAll(PolicyYaml(), {{"hold: 5s", "hold: 7s"}});
  const auto applied =
      house.administration.ApplyPolicy(house.As("alice"), PolicyRequest(house, "alice", yaml));
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->problems_size(), 0);
  EXPECT_EQ(house.policy.Get()->environments.at("production").hold, absl::Seconds(7));
  EXPECT_EQ(house.kept_policy, yaml);
  EXPECT_NE(applied->digest(), before);
  EXPECT_THAT(house.Log(), Contains("policy.apply ok"));
}

TEST(ApplyPolicyTest, OneWithProblemsChangesNothing) {
  House house;
  const std::string before = house.policy.Get()->digest;
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"hold: 5s", "holds: 5s"},
           {"hold: 5s", "backup: required"},
           {"admin: {groups: [dba]}", "admin: {groups: [guests]}"}}) {  // alice is no guest
    const std::string yaml = absl::StrReplaceAll(PolicyYaml(), {{from, to}});
    const auto applied =
        house.administration.ApplyPolicy(house.As("alice"), PolicyRequest(house, "alice", yaml));
    ASSERT_TRUE(applied.ok()) << applied.status();
    EXPECT_EQ(applied->problems_size(), 1) << to;
  }
  EXPECT_EQ(house.policy.Get()->digest, before);
  EXPECT_EQ(house.kept_policy, "");
}

TEST(ApplyPolicyTest, AStatementIsForOneTextOnly) {
  House house;
  v1::ApplyPolicyRequest request = PolicyRequest(house, "alice", PolicyYaml());
  request.set_yaml(absl::StrReplaceAll(PolicyYaml(), {{"required: 1", "required: 0"}}));
  EXPECT_EQ(ReasonOf(house.administration.ApplyPolicy(house.As("alice"), request).status()),
            v1::REASON_STATEMENT_MISMATCH);
  EXPECT_EQ(house.policy.Get()->environments.at("production").approvals.required, 1);
}

TEST(ApplyPolicyTest, OneThatCannotBeKeptIsNotInForce) {
  House house;
  house.keeping = absl::UnavailableError("the disk is full");
  const std::string yaml = absl::StrReplaceAll(PolicyYaml(), {{"hold: 5s", "hold: 7s"}});
  EXPECT_FALSE(
      house.administration.ApplyPolicy(house.As("alice"), PolicyRequest(house, "alice", yaml))
          .ok());
  EXPECT_EQ(house.policy.Get()->environments.at("production").hold, absl::Seconds(5));
}

}  // namespace
}  // namespace resetctl::controller

// Which database and which cache a target is: binding, twins, rebind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/domain/target_identity.h"
#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

using contract::ReasonOf;
using testing::Contains;
using testing::HasSubstr;

v1::DatabaseIdentity Database(const std::string& system, const std::string& marker = "") {
  v1::DatabaseIdentity database;
  database.set_system_identifier(system);
  database.set_database_oid(16384);
  database.set_database_name("shop");
  database.set_address("127.0.0.1:5432");
  database.set_marker(marker);
  return database;
}

TEST(TargetIdentityTest, WhatComesIntoBeingIsNoDifference) {
  EXPECT_EQ(Difference(Database("71"), Database("71", "m1")), "");
  v1::DatabaseIdentity moved = Database("71");
  moved.set_address("10.0.0.9:5432");
  moved.set_server_version("15.7");
  moved.set_timeline(2);
  EXPECT_EQ(Difference(Database("71"), moved), "");
  EXPECT_EQ(Difference(Database("71"), Database("")), "");  // a provider that hides it
}

TEST(TargetIdentityTest, NamesWhatDiffersOldAndNew) {
  EXPECT_EQ(Difference(Database("71"), Database("72")), "the system identifier was 71, it is 72");
  EXPECT_EQ(Difference(Database("71", "m1"), Database("71", "m2")), "the marker was m1, it is m2");
  v1::DatabaseIdentity other = Database("71");
  other.set_database_oid(16385);
  EXPECT_EQ(Difference(Database("71"), other), "the database's OID was 16384, it is 16385");
  other.set_database_name("shop2");
  EXPECT_EQ(Difference(Database("71"), other), "the database's name was shop, it is shop2");
}

TEST(TargetIdentityTest, AClonesLooksAreTheOriginals) {
  EXPECT_TRUE(LookAlike(Database("71"), Database("71", "m")));
  EXPECT_FALSE(LookAlike(Database("71"), Database("72")));
  EXPECT_FALSE(LookAlike(Database("71", "m1"), Database("71", "m2")));
  EXPECT_TRUE(LookAlike(Database("71", "m1"), Database("71", "m1")));
  EXPECT_FALSE(LookAlike({}, {}));
  v1::DatabaseIdentity elsewhere = Database("");
  EXPECT_TRUE(LookAlike(Database(""), elsewhere));
  elsewhere.set_address("10.0.0.9:5432");
  EXPECT_FALSE(LookAlike(Database(""), elsewhere));
}

class TargetsTest : public testing::Test {
 protected:
  House::Attached Attach(const std::string& environment, const v1::DatabaseIdentity& database,
                         const v1::CachePlan& cache = {}) {
    House::Attached agent;
    agent.who = house.Agent(environment);
    v1::AgentHello hello;
    hello.set_environment(environment);
    hello.set_target("shop");
    *hello.mutable_database() = database;
    *hello.mutable_cache() = cache;
    agent.session = *house.agent_desk.Hello(agent.who, hello, agent.mail);
    return agent;
  }
  v1::Reason Check(const std::string& environment) {
    const absl::Status status = house.guard.Check({environment, "shop"});
    return status.ok() ? v1::REASON_UNSPECIFIED : ReasonOf(status);
  }
  // What the agent answers to the last order about twins.
  void AnswerTwin(const House::Attached& agent, bool there) {
    v1::AttachRequest message;
    message.mutable_twin_reply()->set_order_id(
        agent.mail->Last(v1::AttachResponse::kTwin).twin().order_id());
    message.mutable_twin_reply()->set_there(there);
    ASSERT_TRUE(house.Tell(agent, message).ok());
  }
  void AnswerRebind(const House::Attached& agent, const v1::DatabaseIdentity& database) {
    v1::AttachRequest message;
    message.mutable_rebind_reply()->set_order_id(
        agent.mail->Last(v1::AttachResponse::kRebind).rebind().order_id());
    *message.mutable_rebind_reply()->mutable_database() = database;
    ASSERT_TRUE(house.Tell(agent, message).ok());
  }
  std::shared_ptr<absl::StatusOr<v1::RebindTargetResponse>> Rebind(const std::string& person,
                                                                   const std::string& environment) {
    v1::RebindTargetRequest request;
    request.set_environment(environment);
    request.set_target("shop");
    *request.mutable_admin_statement() =
        SignAdmin(person, contract::RebindAction(environment, "shop"), house.clock.Now());
    return Rebind(person, request);
  }
  std::shared_ptr<absl::StatusOr<v1::RebindTargetResponse>> Rebind(
      const std::string& person, const v1::RebindTargetRequest& request,
      absl::Duration patience = absl::InfiniteDuration()) {
    auto answer =
        std::make_shared<absl::StatusOr<v1::RebindTargetResponse>>(absl::UnknownError("waiting"));
    house.rebinds.Rebind(
        house.As(person), request, patience,
        [answer](absl::StatusOr<v1::RebindTargetResponse> bound) { *answer = std::move(bound); });
    return answer;
  }

  House house;
};

TEST_F(TargetsTest, AnotherDatabaseThanTheFirstIsRefusedUntilItIsBound) {
  Attach("staging", Database("71"));
  EXPECT_EQ(Check("staging"), v1::REASON_UNSPECIFIED);
  const House::Attached agent = Attach("staging", Database("72"));
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
  const auto refused = house.Order("alice", house.PlanRequest("alice", "staging"));
  EXPECT_EQ(ReasonOf(refused->status()), v1::REASON_IDENTITY_CONFLICT);
  EXPECT_THAT(contract::ProblemOf(refused->status()).message(),
              HasSubstr("the system identifier was 71, it is 72"));
  EXPECT_THAT(contract::ProblemOf(refused->status()).advice(),
              HasSubstr("resetctl target rebind staging/shop"));

  const auto bound = Rebind("alice", "staging");
  AnswerRebind(agent, Database("72", "m2"));
  ASSERT_TRUE(bound->ok()) << bound->status();
  EXPECT_EQ((*bound)->target().database().marker(), "m2");
  EXPECT_EQ((*bound)->target().problem(), "");
  EXPECT_EQ(Check("staging"), v1::REASON_UNSPECIFIED);
  EXPECT_THAT(house.Log(), Contains("target.rebind ok"));
  // And back again is another database once more.
  Attach("staging", Database("71"));
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
}

TEST_F(TargetsTest, TheMarkOfTheFirstRunBelongsToTheBinding) {
  Attach("staging", Database("71"));
  Attach("staging", Database("71", "m1"));
  EXPECT_EQ(Check("staging"), v1::REASON_UNSPECIFIED);
  Attach("staging", Database("71", "m2"));
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
}

TEST_F(TargetsTest, AnUnreachableDatabaseChangesNothing) {
  Attach("staging", Database("71"));
  Attach("staging", {});
  EXPECT_EQ(Check("staging"), v1::REASON_UNSPECIFIED);
  Attach("staging", Database("72"));
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
}

TEST_F(TargetsTest, APlanOfAnotherDatabaseThanTheBoundOneIsNotTaken) {
  const House::Attached agent = Attach("staging", Database("71"));
  const auto answer = house.Order("alice", house.PlanRequest("alice", "staging"));
  const v1::PlanOrder& order = agent.mail->Last(v1::AttachResponse::kPlanOrder).plan_order();
  v1::PlanDocument document = DocumentFor(order, "staging", "shop", house.clock.Now());
  *document.mutable_database() = Database("72");
  v1::AttachRequest message;
  message.mutable_plan_reply()->set_order_id(order.order_id());
  message.mutable_plan_reply()->set_document(document.SerializeAsString());
  message.mutable_plan_reply()->set_mac("mac");
  ASSERT_TRUE(house.Tell(agent, message).ok());
  EXPECT_EQ(ReasonOf(answer->status()), v1::REASON_IDENTITY_CONFLICT);
}

TEST_F(TargetsTest, TwoThatLookAlikeAreToldApartByTheirAgents) {
  const House::Attached production = Attach("production", Database("71"));
  const House::Attached staging = Attach("staging", Database("71"));
  EXPECT_EQ(Check("staging"), v1::REASON_TARGET_BUSY);
  EXPECT_EQ(Check("production"), v1::REASON_TARGET_BUSY);
  const v1::TwinOrder hold = production.mail->Last(v1::AttachResponse::kTwin).twin();
  EXPECT_TRUE(hold.hold());
  AnswerTwin(production, true);
  const v1::TwinOrder look = staging.mail->Last(v1::AttachResponse::kTwin).twin();
  EXPECT_FALSE(look.hold());
  EXPECT_EQ(look.lock_key(), hold.lock_key());
  AnswerTwin(staging, false);  // a physical clone
  EXPECT_EQ(Check("staging"), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(Check("production"), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(production.mail->Last(v1::AttachResponse::kTwin).twin().lock_key(), 0);
}

TEST_F(TargetsTest, OneDatabaseUnderTwoNamesIsRefusedForBoth) {
  const House::Attached production = Attach("production", Database("71"));
  const House::Attached staging = Attach("staging", Database("71"));
  AnswerTwin(production, true);
  AnswerTwin(staging, true);
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
  EXPECT_EQ(Check("production"), v1::REASON_IDENTITY_CONFLICT);
  EXPECT_THAT(house.Log(), Contains("target.compare IDENTITY_CONFLICT"));
  // No rebind makes two of one: the agents are asked again.
  const auto bound = Rebind("alice", "staging");
  AnswerRebind(staging, Database("71", "m"));
  ASSERT_TRUE(bound->ok());
  EXPECT_EQ(Check("staging"), v1::REASON_TARGET_BUSY);
}

TEST_F(TargetsTest, ALookAlikeWhoseAgentIsAwayIsNotTrusted) {
  const House::Attached production = Attach("production", Database("71"));
  house.agent_desk.Gone(production.who, production.session, absl::OkStatus());
  Attach("staging", Database("71"));
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
  // It comes, and they are asked.
  const House::Attached back = Attach("production", Database("71"));
  EXPECT_EQ(Check("staging"), v1::REASON_TARGET_BUSY);
}

TEST_F(TargetsTest, ARevokedAgentStandsInNobodysWay) {
  const House::Attached old = Attach("production", Database("71"));
  house.agent_desk.Gone(old.who, old.session, absl::OkStatus());
  Attach("staging", Database("71"));
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
  ASSERT_TRUE(
      house.enrolment.Revoke(house.As("alice"), house.RevokeRequest("alice", "production", "shop"))
          .ok());
  EXPECT_EQ(Check("staging"), v1::REASON_UNSPECIFIED);
  Attach("staging", Database("71"));
  EXPECT_EQ(Check("staging"), v1::REASON_UNSPECIFIED);
}

TEST_F(TargetsTest, AnAgentThatDoesNotAnswerIsNotTrusted) {
  Attach("production", Database("71"));
  Attach("staging", Database("71"));
  house.guard.Check({"staging", "shop"}).IgnoreError();
  house.clock.Advance(absl::Minutes(1));
  house.scheduler.RunDue();
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
}

TEST_F(TargetsTest, OneRedisDbUnderTwoNamesIsRefused) {
  v1::CachePlan cache;
  cache.set_configured(true);
  cache.set_run_id("cafe");
  cache.set_db(1);
  Attach("production", Database("71"), cache);
  cache.set_db(2);
  Attach("staging", Database("72"), cache);
  EXPECT_EQ(Check("staging"), v1::REASON_UNSPECIFIED);
  cache.set_db(1);
  Attach("staging", Database("72"), cache);
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
  EXPECT_EQ(Check("production"), v1::REASON_IDENTITY_CONFLICT);
}

TEST_F(TargetsTest, RebindIsAnAdminsSignedWordAndTheAgentsYes) {
  Attach("staging", Database("71"));
  const House::Attached agent = Attach("staging", Database("72"));
  EXPECT_EQ(ReasonOf(Rebind("carol", "staging")->status()), v1::REASON_ROLE_MISSING);
  v1::RebindTargetRequest other;
  other.set_environment("staging");
  other.set_target("shop");
  *other.mutable_admin_statement() =
      SignAdmin("alice", contract::RebindAction("production", "shop"), house.clock.Now());
  EXPECT_EQ(ReasonOf(Rebind("alice", other)->status()), v1::REASON_STATEMENT_MISMATCH);
  EXPECT_EQ(ReasonOf(Rebind("alice", "production")->status()), v1::REASON_AGENT_OFFLINE);

  const auto refused = Rebind("alice", "staging");
  v1::AttachRequest message;
  message.mutable_rebind_reply()->set_order_id(
      agent.mail->Last(v1::AttachResponse::kRebind).rebind().order_id());
  *message.mutable_rebind_reply()->add_problems() =
      contract::MakeProblem(v1::REASON_FLOOR_REFUSES, "the floor does not let alice rebind");
  ASSERT_TRUE(house.Tell(agent, message).ok());
  ASSERT_TRUE(refused->ok());
  EXPECT_EQ((*refused)->problems(0).reason(), v1::REASON_FLOOR_REFUSES);
  EXPECT_EQ(Check("staging"), v1::REASON_IDENTITY_CONFLICT);
  EXPECT_THAT(house.Log(), Contains("target.rebind FLOOR_REFUSES"));
}

TEST_F(TargetsTest, ARebindEndsWithItsAgentOrItsTime) {
  const House::Attached agent = Attach("staging", Database("71"));
  const auto lost = Rebind("alice", "staging");
  house.agent_desk.Gone(agent.who, agent.session, absl::OkStatus());
  EXPECT_EQ(ReasonOf(lost->status()), v1::REASON_AGENT_OFFLINE);
  Attach("staging", Database("71"));
  v1::RebindTargetRequest request;
  request.set_environment("staging");
  request.set_target("shop");
  *request.mutable_admin_statement() =
      SignAdmin("alice", contract::RebindAction("staging", "shop"), house.clock.Now());
  const auto late = Rebind("alice", request, absl::Seconds(5));
  house.Advance(absl::Seconds(5));
  EXPECT_EQ(ReasonOf(late->status()), v1::REASON_DEADLINE);
}

TEST_F(TargetsTest, ATargetShowsWhatIsWrongWithIt) {
  Attach("staging", Database("71"));
  Attach("staging", Database("72"));
  v1::GetTargetRequest wanted;
  wanted.set_environment("staging");
  wanted.set_name("shop");
  const auto shown = house.catalogue.GetTarget(house.As("alice"), wanted);
  EXPECT_THAT(shown->target().problem(), HasSubstr("is not the one that it was"));
}

// ---- certificates that have ended

TEST_F(TargetsTest, AnExpiredCertificateRenewsWithinThirtyDaysUnlessRevoked) {
  v1::RenewExpiredRequest request;
  request.set_certificate("staging");
  request.set_csr("another key");
  EXPECT_EQ(ReasonOf(house.enrolment.RenewExpired(request, "10.0.0.2").status()),
            v1::REASON_UNAUTHENTICATED);
  request.set_csr("staging");
  house.clock.Advance(absl::Hours(24 * 59));  // it was good for 30 days
  EXPECT_TRUE(house.enrolment.RenewExpired(request, "10.0.0.2").ok());
  EXPECT_THAT(house.Log(), Contains("agent.renew ok"));
  house.clock.Advance(absl::Hours(24 * 2));
  EXPECT_EQ(ReasonOf(house.enrolment.RenewExpired(request, "10.0.0.2").status()),
            v1::REASON_UNAUTHENTICATED);
}

TEST_F(TargetsTest, ARevokedCertificateDoesNotRenew) {
  ASSERT_TRUE(
      house.enrolment.Revoke(house.As("alice"), house.RevokeRequest("alice", "staging", "shop"))
          .ok());
  v1::RenewExpiredRequest request;
  request.set_certificate("staging");
  request.set_csr("staging");
  house.clock.Advance(absl::Hours(24 * 31));
  EXPECT_EQ(ReasonOf(house.enrolment.RenewExpired(request, "10.0.0.2").status()),
            v1::REASON_CERTIFICATE_REVOKED);
}

}  // namespace
}  // namespace resetctl::controller

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/service/ready_house.h"

namespace resetctl::controller {
namespace {

using contract::ReasonOf;
using testing::Contains;

TEST(AgentDeskTest, LetsTheNewestAttachmentWin) {
  House house;
  const House::Attached first = house.Attach("production");
  const House::Attached second = house.Attach("production");
  EXPECT_EQ(first.mail->closed.size(), 1u);
  EXPECT_FALSE(house.Tell(first, {}).ok());
  EXPECT_TRUE(house.Tell(second, {}).ok());
  house.agent_desk.Gone(first.who, first.session, absl::OkStatus());
  EXPECT_TRUE(house.agents.IsOnline({"production", "shop"}));
}

class TurnsTest : public testing::Test {
 protected:
  void Attach(const std::string& instance) {
    v1::AgentHello hello;
    hello.set_environment("production");
    hello.set_target("shop");
    hello.set_instance(instance);
    house_.Attach(hello);
  }
  int Alarms() {
    const std::vector<std::string> log = house_.Log();
    return static_cast<int>(std::count(log.begin(), log.end(), "agent.turns IDENTITY_CONFLICT"));
  }
  std::string Problem() {
    return ShowTarget(house_.desk, *house_.store.GetAgent("production", "shop")).problem();
  }

  House house_;
};

TEST_F(TurnsTest, TwoProgramsWithOneIdentityAreAnAlarmOnceInAWhile) {
  for (const char* instance : {"a", "b"}) Attach(instance);
  EXPECT_EQ(Alarms(), 0);
  EXPECT_EQ(Problem(), "");
  for (const char* instance : {"a", "b", "a"}) Attach(instance);
  EXPECT_EQ(Alarms(), 1);
  EXPECT_THAT(Problem(), testing::HasSubstr("take turns as the agent of production/shop"));
  house_.Advance(absl::Minutes(11));
  EXPECT_EQ(Problem(), "");
  Attach("b");
  EXPECT_EQ(Alarms(), 2);
}

TEST_F(TurnsTest, WhoComesBackOrIsReplacedTakesNone) {
  for (const char* instance : {"a", "a", "b", "b", "c", "", "", "d"}) Attach(instance);
  EXPECT_EQ(Alarms(), 0);
}

TEST(AgentDeskTest, RefusesAHelloForAnotherTarget) {
  House house;
  v1::AgentHello hello;
  hello.set_environment("production");
  hello.set_target("bank");
  const auto session =
      house.agent_desk.Hello(house.Agent("production"), hello, std::make_shared<Mailbox>());
  EXPECT_EQ(ReasonOf(session.status()), v1::REASON_WRONG_AUDIENCE);
  EXPECT_THAT(house.Log(), Contains("agent.attach WRONG_AUDIENCE"));
}

TEST(AgentDeskTest, StartsNothingOnAnAgentThatIsAboutToStop) {
  Ready house;
  const std::string held = house.Run()->run().id();
  v1::AttachRequest beat;
  beat.mutable_heartbeat()->set_draining(true);
  ASSERT_TRUE(house.Tell(house.agent, beat).ok());
  house.Advance(absl::Seconds(5));
  EXPECT_EQ(house.StateOf(held), v1::RUN_STATE_CANCELLED);
  EXPECT_EQ(house.store.GetRun(held)->problem->reason(), v1::REASON_DRAINING);
  EXPECT_EQ(ReasonOf(house.Run().status()), v1::REASON_DRAINING);
  EXPECT_EQ(house.agent.mail->Count(v1::AttachResponse::kOffer), 0);

  const House::Attached back = house.Attach("production");
  EXPECT_TRUE(house.Run().ok()) << "the next process is not about to stop";
}

TEST(AgentDeskTest, TakesTheEndOfTheRunUnderWayFromAnAgentThatIsAboutToStop) {
  Ready house;
  const std::string id = house.Running();
  v1::AttachRequest beat;
  beat.mutable_heartbeat()->set_draining(true);
  ASSERT_TRUE(house.Tell(house.agent, beat).ok());
  house.Report(house.agent, id, v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(house.StateOf(id), v1::RUN_STATE_SUCCEEDED);
  house.agent_desk.Gone(house.agent.who, house.agent.session, absl::OkStatus());
  const auto page = house.store.ListAudit({}, {1, ""});
  v1::AuditEntry newest;
  ASSERT_TRUE(newest.ParseFromString(page->items.front().bytes));
  EXPECT_EQ(newest.action(), "agent.detach");
  EXPECT_EQ(newest.detail(), "it was stopped");
}

TEST(EnrolmentTest, TakesATokenOnceAndForAnHour) {
  House house;
  const auto invite = [&house](const std::string& person) {
    return house.enrolment.Invite(house.As(person),
                                  house.InviteRequest(person, "production", "bank"));
  };
  EXPECT_EQ(ReasonOf(invite("carol").status()), v1::REASON_ROLE_MISSING);
  const auto token = invite("alice");
  ASSERT_TRUE(token.ok()) << token.status();
  v1::EnrollRequest enroll;
  enroll.set_token(token->token());
  const auto enrolled = house.enrolment.Enroll(enroll, "10.0.0.2");
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  EXPECT_EQ(enrolled->target(), "bank");
  EXPECT_EQ(ReasonOf(house.enrolment.Enroll(enroll, "10.0.0.2").status()),
            v1::REASON_TOKEN_INVALID);
  enroll.set_token(invite("alice")->token());
  house.Advance(absl::Hours(1));
  EXPECT_EQ(ReasonOf(house.enrolment.Enroll(enroll, "10.0.0.2").status()),
            v1::REASON_TOKEN_INVALID);
  EXPECT_THAT(house.Log(), Contains("agent.enroll TOKEN_INVALID"));
}

TEST(EnrolmentTest, TakesAnAdminsStatementAboutExactlyThisTargetAndOnce) {
  House house;
  v1::InviteAgentRequest invite = house.InviteRequest("alice", "production", "bank");
  v1::InviteAgentRequest other = invite;
  other.set_target("vault");
  EXPECT_EQ(ReasonOf(house.enrolment.Invite(house.As("alice"), other).status()),
            v1::REASON_STATEMENT_MISMATCH);
  EXPECT_EQ(ReasonOf(house.enrolment.Invite(house.As("bob"), invite).status()),
            v1::REASON_STATEMENT_MISMATCH);
  v1::InviteAgentRequest without = invite;
  without.clear_admin_statement();
  EXPECT_EQ(ReasonOf(house.enrolment.Invite(house.As("alice"), without).status()),
            v1::REASON_STATEMENT_INVALID);
  *other.mutable_admin_statement() =
      house.RevokeRequest("alice", "production", "vault").admin_statement();
  EXPECT_EQ(ReasonOf(house.enrolment.Invite(house.As("alice"), other).status()),
            v1::REASON_STATEMENT_MISMATCH);
  ASSERT_TRUE(house.enrolment.Invite(house.As("alice"), invite).ok());
  EXPECT_EQ(ReasonOf(house.enrolment.Invite(house.As("alice"), invite).status()),
            v1::REASON_STATEMENT_REPLAYED);
}

TEST(EnrolmentTest, EndsTheStreamOfARevokedAgent) {
  House house;
  const House::Attached agent = house.Attach("production");
  EXPECT_TRUE(house.enrolment.CheckIdentity(agent.who).ok());
  ASSERT_TRUE(
      house.enrolment.Revoke(house.As("alice"), house.RevokeRequest("alice", "production", "shop"))
          .ok());
  EXPECT_EQ(ReasonOf(agent.mail->closed.front()), v1::REASON_CERTIFICATE_REVOKED);
  EXPECT_EQ(ReasonOf(house.enrolment.CheckIdentity(agent.who)), v1::REASON_CERTIFICATE_REVOKED);
}

TEST(EnrolmentTest, DoesNotWelcomeAnAgentThatWasRevokedAfterItsStreamWasAuthorised) {
  House house;
  const AgentIdentity who = house.Agent("production");
  ASSERT_TRUE(
      house.enrolment.Revoke(house.As("alice"), house.RevokeRequest("alice", "production", "shop"))
          .ok());
  v1::AgentHello hello;
  hello.set_environment("production");
  hello.set_target("shop");
  const auto mail = std::make_shared<Mailbox>();
  EXPECT_EQ(ReasonOf(house.agent_desk.Hello(who, hello, mail).status()),
            v1::REASON_CERTIFICATE_REVOKED);
  EXPECT_TRUE(mail->got.empty());
  EXPECT_FALSE(house.agents.IsOnline({"production", "shop"}));
}

}  // namespace
}  // namespace resetctl::controller

#include "client/audit/said.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/audit/said_checker.h"
#include "client/output/times.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_signature.h"
#include "tests/client/fake_log.h"
#include "tests/support/ssh_keys.h"

namespace resetctl::client {
namespace {

using contract::StatementBuilder;
using contract::StatementType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::Time kThen = absl::FromUnixSeconds(1795500000);

// An approval by alice as the controller writes it down.
class SaidTest : public ::testing::Test {
 protected:
  static const test::SshKey& Alice() {
    static const test::SshKey key;
    return key;
  }
  static v1::SignedStatement Sign(StatementBuilder builder) {
    const auto statement = builder.Set("person", "alice").SetTime("time", kThen).Build();
    EXPECT_TRUE(statement.ok()) << statement.status();
    return *contract::SignStatement(*statement, Alice().path());
  }
  static v1::AuditEntry ByAlice(const std::string& action, const std::string& subject,
                                const v1::SignedStatement& statement) {
    v1::AuditEntry entry = FakeLog::AnEntry(action, subject);
    *entry.mutable_time() = ToProto(kThen + absl::Seconds(5));
    entry.set_actor("person:alice");
    entry.set_target("shop");
    *entry.mutable_statement() = statement;
    return entry;
  }
  static v1::AuditEntry ANewApproval() {
    return ByAlice("plan.approve", contract::PlanId("plan"),
                   Sign(StatementBuilder(StatementType::kApproval)
                            .Set("plan", contract::Digest("plan"))
                            .Set("environment", "production")
                            .Set("target", "shop")
                            .Set("decision", "approve")
                            .Set("policy", contract::Digest("policy"))
                            .Set("floor", contract::Digest("floor"))
                            .SetTime("start-before", kThen + absl::Hours(1))));
  }
  static v1::AuditEntry AnApproval() {
    static const auto& entry = *new v1::AuditEntry(ANewApproval());
    return entry;
  }
  static v1::AuditEntry AnAdminsAct(const std::string& action, const std::string& subject,
                                    const contract::AdminAction& what) {
    v1::AuditEntry entry = ByAlice(action, subject,
                                   Sign(StatementBuilder(StatementType::kAdmin)
                                            .Set("verb", what.verb)
                                            .Set("arguments", what.ArgumentsDigest())));
    (*entry.mutable_evidence())["arguments"] = what.arguments;
    return entry;
  }
  absl::Status Refusal(const v1::AuditEntry& entry) const {
    return CheckSaid(4, entry, signers_).status();
  }
  void ExpectNotSaid(const v1::AuditEntry& entry, const std::string& words) const {
    const absl::Status status = Refusal(entry);
    EXPECT_EQ(contract::ReasonOf(status), v1::REASON_LOG_TAMPERED) << status;
    EXPECT_THAT(contract::ProblemOf(status).message(), HasSubstr(words));
  }

  const contract::AllowedSigners signers_ = *contract::AllowedSigners::Parse(
      "alice "
      "namespaces=\"resetctl-plan-v1,resetctl-approval-v1,resetctl-run-v1,resetctl-resume-v1,"
      "resetctl-"
      "admin-v1\" " +
      Alice().public_line() + "\n");
};

TEST_F(SaidTest, ASignedApprovalIsProved) {
  const auto said = CheckSaid(4, AnApproval(), signers_);
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(*said, Said::kProved);
}

TEST_F(SaidTest, AnApprovalWithoutAStatementIsNone) {
  v1::AuditEntry entry = AnApproval();
  entry.clear_statement();
  ExpectNotSaid(entry, "Entry 4, plan.approve: it carries no signed statement");
}

TEST_F(SaidTest, AStatementIsAboutItsEntry) {
  v1::AuditEntry entry = AnApproval();
  entry.set_subject(contract::PlanId("another plan"));
  ExpectNotSaid(entry, "the statement's plan is not the entry's");
  entry = AnApproval();
  entry.set_actor("person:bob");
  ExpectNotSaid(entry, "person");
  entry = AnApproval();
  entry.set_action("plan.reject");
  ExpectNotSaid(entry, "decision");
  entry = AnApproval();
  entry.set_environment("staging");
  ExpectNotSaid(entry, "environment");
  entry = AnApproval();
  *entry.mutable_time() = ToProto(kThen + absl::Hours(2));
  ExpectNotSaid(entry, "time");
  entry = AnApproval();
  *entry.mutable_time() = ToProto(kThen - absl::Hours(2));
  ExpectNotSaid(entry, "time");
}

// An entry's time never goes back; what the clock said is beside it.
TEST_F(SaidTest, AClockThatWasPutBackIsTheTimeOfTheStatement) {
  v1::AuditEntry entry = AnApproval();
  *entry.mutable_time() = ToProto(kThen + absl::Hours(20));
  (*entry.mutable_evidence())["clock"] =
      absl::FormatTime(kThen + absl::Seconds(5), absl::UTCTimeZone());
  EXPECT_TRUE(Refusal(entry).ok()) << Refusal(entry);
}

TEST_F(SaidTest, AForgedStatementIsFound) {
  v1::AuditEntry entry = AnApproval();
  std::string* text = entry.mutable_statement()->mutable_text();
  text->replace(text->find("target: shop"), 12, "target: ship");
  entry.set_target("ship");
  EXPECT_EQ(contract::ReasonOf(Refusal(entry)), v1::REASON_BAD_SIGNATURE);
}

TEST_F(SaidTest, AKeyThatNobodyListsProvesNothing) {
  const test::SshKey other;
  const auto signers = *contract::AllowedSigners::Parse(
      "alice namespaces=\"resetctl-approval-v1\" " + other.public_line() + "\n");
  EXPECT_EQ(contract::ReasonOf(CheckSaid(4, AnApproval(), signers).status()),
            v1::REASON_UNKNOWN_KEY);
}

TEST_F(SaidTest, ARunIsOfThePlanThatWasSigned) {
  v1::AuditEntry entry = ByAlice("run.start", "r-19c04e77",
                                 Sign(StatementBuilder(StatementType::kRun)
                                          .Set("plan", contract::Digest("plan"))
                                          .Set("environment", "production")
                                          .Set("target", "shop")
                                          .SetTime("start-before", kThen + absl::Hours(1))));
  (*entry.mutable_evidence())["plan"] = contract::PlanId("plan");
  EXPECT_TRUE(Refusal(entry).ok()) << Refusal(entry);
  (*entry.mutable_evidence())["plan"] = contract::PlanId("another plan");
  ExpectNotSaid(entry, "plan");
  entry.mutable_evidence()->clear();
  ExpectNotSaid(entry, "plan");
}

TEST_F(SaidTest, AResumeIsOfTheRunThatWasSigned) {
  v1::AuditEntry entry = ByAlice("run.resume", "r-19c04e77",
                                 Sign(StatementBuilder(StatementType::kResume)
                                          .Set("run", "r-19c04e77")
                                          .Set("environment", "production")
                                          .Set("target", "shop")));
  EXPECT_TRUE(Refusal(entry).ok()) << Refusal(entry);
  entry.set_subject("r-77e4c091");
  ExpectNotSaid(entry, "run");
}

TEST_F(SaidTest, AnAdminsStatementHoldsTheDigestOfItsArguments) {
  v1::AuditEntry entry =
      AnAdminsAct("environment.unfreeze", "production", contract::UnfreezeAction("production"));
  EXPECT_TRUE(Refusal(entry).ok()) << Refusal(entry);
  (*entry.mutable_evidence())["arguments"] = contract::UnfreezeAction("staging").arguments;
  ExpectNotSaid(entry, "arguments");
}

TEST_F(SaidTest, AnAdminsStatementIsAboutItsEntry) {
  v1::AuditEntry entry =
      AnAdminsAct("agent.invite", "production/shop", contract::InviteAction("production", "shop"));
  EXPECT_TRUE(Refusal(entry).ok()) << Refusal(entry);
  v1::AuditEntry changed = entry;
  changed.set_action("agent.revoke");  // takes the same arguments
  ExpectNotSaid(changed, "verb");
  changed = entry;
  changed.set_environment("staging");
  ExpectNotSaid(changed, "environment");
  changed = entry;
  changed.set_target("warehouse");
  ExpectNotSaid(changed, "target");
  changed = AnAdminsAct("run.review", "r-19c04e77", contract::ReviewAction("r-77e4c091", "fine"));
  ExpectNotSaid(changed, "run");
  changed = AnAdminsAct("session.revoke", "s-1", contract::RevokeSessionAction("s-2"));
  ExpectNotSaid(changed, "session");
}

TEST_F(SaidTest, WhatNobodySignsProvesNothing) {
  for (const char* action : {"run.event", "run.cancel", "agent.attach", "logout"}) {
    EXPECT_EQ(*CheckSaid(0, FakeLog::AnEntry(action), signers_), Said::kNothing) << action;
  }
  v1::AuditEntry refused = AnApproval();
  refused.set_outcome("BAD_SIGNATURE");
  refused.mutable_statement()->set_text("nonsense");
  EXPECT_EQ(*CheckSaid(0, refused, signers_), Said::kNothing);
}

TEST_F(SaidTest, AnAgentsFileNeedNotListLogins) {
  v1::AuditEntry entry = FakeLog::AnEntry("login", "alice");
  *entry.mutable_time() = ToProto(kThen);
  entry.set_actor("person:alice");
  *entry.mutable_statement() = Sign(StatementBuilder(StatementType::kLogin)
                                        .Set("ca-pin", contract::kNoCaPin)
                                        .Set("challenge", std::string(43, 'A') + "=")
                                        .SetTime("expires", kThen + absl::Minutes(1)));
  const auto said = CheckSaid(0, entry, signers_);
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(*said, Said::kUnlisted);
}

TEST_F(SaidTest, ManyAreCheckedAtOnceAndTheFirstErrorIsTold) {
  SaidChecker good(signers_);
  for (uint64_t i = 0; i < 12; ++i) ASSERT_TRUE(good.Take(i, ANewApproval()).ok());
  ASSERT_TRUE(good.Finish().ok());
  EXPECT_EQ(good.proved(), 12);
  EXPECT_THAT(good.persons(), ElementsAre("alice"));

  SaidChecker bad(signers_);
  v1::AuditEntry missing = AnApproval();
  missing.clear_statement();
  absl::Status status;
  for (uint64_t i = 0; status.ok() && i < 12; ++i) {
    status = bad.Take(i, i == 3 || i == 9 ? missing : ANewApproval());
  }
  EXPECT_THAT(contract::ProblemOf(bad.Finish()).message(), HasSubstr("Entry 3, "));
}

TEST_F(SaidTest, AStatementCountsOnce) {
  SaidChecker checker(signers_);
  ASSERT_TRUE(checker.Take(4, AnApproval()).ok());
  checker.Take(9, AnApproval()).IgnoreError();
  const absl::Status status = checker.Finish();
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_LOG_TAMPERED) << status;
  EXPECT_THAT(contract::ProblemOf(status).message(),
              HasSubstr("Entries 4 and 9 stand on one signed statement"));
}

}  // namespace
}  // namespace resetctl::client

#include "client/app/statements.h"

#include "client/output/times.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

absl::Time Now() { return ALook().now; }

CheckedPlan Checked() {
  const v1::Plan plan = APlan(ADocument());
  auto checked = CheckPlan(plan, plan.id().substr(0, 8));
  EXPECT_TRUE(checked.ok()) << checked.status();
  return *std::move(checked);
}

TEST(CheckPlanTest, RefusesBytesThatAreNotTheId) {
  v1::Plan plan = APlan(ADocument());
  v1::PlanDocument other = ADocument();
  other.set_target("customers");
  plan.set_document(other.SerializeAsString());
  EXPECT_EQ(contract::ReasonOf(CheckPlan(plan, "p-").status()), v1::REASON_DIGEST_MISMATCH);
}

TEST(CheckPlanTest, RefusesAnotherPlanThanTheOneAskedFor) {
  const v1::Plan plan = APlan(ADocument());
  const std::string other = plan.id()[2] == '0' ? "p-1" : "p-0";
  EXPECT_EQ(contract::ReasonOf(CheckPlan(plan, other).status()), v1::REASON_DIGEST_MISMATCH);
}

TEST(CheckPlanTest, RefusesRulesThatThePolicyDigestDoesNotName) {
  v1::PlanDocument document = ADocument();
  contract::EnvironmentRules weaker = ProductionRules();
  weaker.approvals.required = 0;
  document.set_rules(contract::ToCanonicalJson(weaker));
  EXPECT_EQ(contract::ReasonOf(CheckPlan(APlan(document), "p-").status()),
            v1::REASON_DIGEST_MISMATCH);
}

TEST(CheckPlanTest, RefusesAPlanOfWhichItCannotShowEverything) {
  v1::PlanDocument document = ADocument();
  google::protobuf::Message* cache = document.mutable_cache();
  cache->GetReflection()->MutableUnknownFields(cache)->AddLengthDelimited(99,
                                                                          "flushes a second db");
  const absl::Status refused = CheckPlan(APlan(document), "p-").status();
  EXPECT_EQ(contract::ReasonOf(refused), v1::REASON_RULE_UNSUPPORTED);
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("field 99 of CachePlan"));
}

TEST(CheckPlanTest, NeverReadsEnvironmentOrPhraseFromTheControllersRecord) {
  v1::Plan plan = APlan(ADocument());
  plan.set_environment("staging");
  plan.set_confirm_phrase("YES");
  const auto checked = CheckPlan(plan, "p-");
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->document.environment(), "production");
  EXPECT_EQ(checked->Phrase(), "DELETE ALL DATA rental-manager");
}

TEST(StatementsTest, APlanStatementNamesTheDigestOfTheBytes) {
  const auto statement = PlanStatement({.environment = "staging",
                                        .target = "rental-manager",
                                        .bundle = "the bytes",
                                        .sets = {"b", "a"},
                                        .reason = "why"},
                                       "carol", Now());
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->Get("bundle"), contract::Digest("the bytes"));
  EXPECT_EQ(statement->Get("sets"), "a,b");
  EXPECT_EQ(statement->Get("reason"), "why");
  EXPECT_EQ(statement->person(), "carol");
}

TEST(StatementsTest, AnApprovalTakesAllFromTheDocument) {
  const CheckedPlan plan = Checked();
  const auto statement = ApprovalStatement(plan, "approve", "", "bob", Now());
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->Get("plan"), plan.digest);
  EXPECT_EQ(statement->Get("environment"), "production");
  EXPECT_EQ(statement->Get("target"), "rental-manager");
  EXPECT_EQ(statement->Get("policy"), plan.document.policy_digest());
  EXPECT_EQ(statement->Get("floor"), contract::Digest("floor"));
}

TEST(StatementsTest, AnApprovalEndsWithItsLifetimeOrWithThePlan) {
  CheckedPlan plan = Checked();
  EXPECT_EQ(ApprovalStartBefore(plan, Now()), Now() + absl::Hours(4));
  EXPECT_EQ(ApprovalStartBefore(plan, Now() + absl::Hours(6)), TimeOf(plan.document.expire_time()));
  plan.rules.approvals.ttl = absl::InfiniteDuration();
  EXPECT_EQ(ApprovalStartBefore(plan, Now()), TimeOf(plan.document.expire_time()));
}

TEST(StatementsTest, ThePhraseIsTypedTogetherWithTheTargetsName) {
  const CheckedPlan plan = Checked();
  EXPECT_TRUE(CheckPhrase(plan, "DELETE ALL DATA rental-manager").ok());
  for (const char* wrong : {"", "DELETE ALL DATA", "delete all data rental-manager",
                            "DELETE ALL DATA rental-manager ", "DELETE ALL DATA customers"}) {
    EXPECT_EQ(contract::ReasonOf(CheckPhrase(plan, wrong)), v1::REASON_WRONG_PHRASE) << wrong;
  }
}

TEST(StatementsTest, ARunStatementCarriesThePhraseAndEndsWithThePlan) {
  const CheckedPlan plan = Checked();
  const auto statement = RunStatement(plan, plan.Phrase(), "", "carol", Now());
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->Get("phrase"), "DELETE ALL DATA rental-manager");
  EXPECT_GT(statement->start_before(), Now() + plan.rules.hold);
  const auto late = RunStatement(plan, plan.Phrase(), "", "carol",
                                 TimeOf(plan.document.expire_time()) - absl::Seconds(30));
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->start_before(), TimeOf(plan.document.expire_time()));
}

TEST(StatementsTest, ALoginNamesTheClientsOwnPin) {
  const std::string pin = contract::Digest("ca");
  const std::string challenge(32, 'x');
  const auto statement = LoginStatement(pin, challenge, "alice", Now());
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->Get("ca-pin"), pin);
  EXPECT_EQ(statement->Get("challenge"), base::ToBase64(challenge));
}

}  // namespace
}  // namespace resetctl::client

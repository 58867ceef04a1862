#include "proto/contract/environment_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using ::testing::ElementsAre;

EnvironmentRules Production() {
  EnvironmentRules rules;
  rules.read = {"everyone"};
  rules.plan = {"dba"};
  rules.run = {"dba", "sre"};
  rules.approvals = {2, {"dba", "product"}, false, true, absl::Hours(4)};
  rules.plan_ttl = absl::Hours(24);
  rules.confirm = "DELETE ALL \"DATA\"";
  rules.hold = absl::Seconds(5);
  rules.blockers_give_up_after = absl::Minutes(10);
  rules.blockers_action = BlockerAction::kTerminateIdle;
  return rules;
}

std::string Replaced(absl::string_view from, absl::string_view to) {
  return absl::StrReplaceAll(ToCanonicalJson(Production()), {{from, to}});
}

v1::Reason ReasonFor(absl::string_view json) {
  const auto rules = ParseCanonicalJson(json);
  return rules.ok() ? v1::REASON_UNSPECIFIED : ReasonOf(rules.status());
}

TEST(EnvironmentRulesTest, HaveOneCanonicalForm) {
  EXPECT_EQ(ToCanonicalJson(Production()),
            R"({"approvals":{"distinct_groups":true,"groups":["dba","product"],"required":2,)"
            R"("self":false,"ttl_ms":14400000},"blockers":{"action":"terminate_idle",)"
            R"("give_up_after_ms":600000},"confirm":"DELETE ALL \"DATA\"","hold_ms":5000,)"
            R"("plan":["dba"],"plan_ttl_ms":86400000,"read":["everyone"],)"
            R"("row_growth":{"percent":5,"rows":1000},"run":["dba","sre"]})");
}

TEST(EnvironmentRulesTest, RoundTrip) {
  const auto rules = ParseCanonicalJson(ToCanonicalJson(Production()));
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_THAT(rules->run, ElementsAre("dba", "sre"));
  EXPECT_EQ(rules->approvals.required, 2);
  EXPECT_TRUE(rules->approvals.distinct_groups);
  EXPECT_EQ(rules->approvals.ttl, absl::Hours(4));
  EXPECT_EQ(rules->confirm, "DELETE ALL \"DATA\"");
  EXPECT_EQ(rules->hold, absl::Seconds(5));
  EXPECT_EQ(rules->blockers_action, BlockerAction::kTerminateIdle);
  EXPECT_EQ(rules->blockers_give_up_after, absl::Minutes(10));

  // The defaults too, whose approvals never expire.
  const std::string defaults = ToCanonicalJson(EnvironmentRules());
  const auto back = ParseCanonicalJson(defaults);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->approvals.ttl, absl::InfiniteDuration());
  EXPECT_EQ(ToCanonicalJson(*back), defaults);
}

TEST(EnvironmentRulesTest, RefuseRulesThatThisVersionDoesNotImplement) {
  EXPECT_EQ(ReasonFor(Replaced("\"hold_ms\"", "\"freeze\":1,\"hold_ms\"")),
            v1::REASON_RULE_UNSUPPORTED);
  EXPECT_EQ(ReasonFor(Replaced("\"self\"", "\"selfie\":1,\"self\"")), v1::REASON_RULE_UNSUPPORTED);
  EXPECT_EQ(ReasonFor(Replaced("\"percent\"", "\"bytes\":1,\"percent\"")),
            v1::REASON_RULE_UNSUPPORTED);
  EXPECT_EQ(ReasonFor(Replaced("terminate_idle", "terminate_softly")), v1::REASON_RULE_UNSUPPORTED);
}

TEST(EnvironmentRulesTest, RefuseOtherForms) {
  EXPECT_EQ(ReasonFor(ToCanonicalJson(Production())), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonFor(Replaced(",", ", ")), v1::REASON_POLICY_INVALID);
  EXPECT_EQ(ReasonFor(Replaced("\"required\":2", "\"required\":3,\"required\":2")),
            v1::REASON_POLICY_INVALID);
  EXPECT_EQ(ReasonFor(Replaced("\"required\":2", "\"required\":2.0")), v1::REASON_POLICY_INVALID);
  EXPECT_EQ(ReasonFor(Replaced("\"required\":2", "\"required\":-2")), v1::REASON_POLICY_INVALID);
  EXPECT_EQ(ReasonFor(Replaced("\"required\":2", "\"required\":\"2\"")), v1::REASON_POLICY_INVALID);
  EXPECT_EQ(ReasonFor(Replaced("\"required\":2,", "")), v1::REASON_POLICY_INVALID);
  EXPECT_EQ(ReasonFor(Replaced("5000", "99999999999999999999")), v1::REASON_POLICY_INVALID);
  for (const char* json : {"", "{}", "[]", "null", "1", "{\"approvals\":1}", "\xff"}) {
    EXPECT_EQ(ReasonFor(json), v1::REASON_POLICY_INVALID) << json;
  }
  EXPECT_EQ(ReasonFor(std::string(100000, '[')), v1::REASON_POLICY_INVALID);
}

TEST(EnvironmentRulesTest, AreSummedUpInALine) {
  EXPECT_EQ(Summarize(EnvironmentRules()), "no approvals");
  EXPECT_EQ(Summarize(Production()),
            "2 approvals from different groups of dba, product, good for 4h; phrase; hold 5 s");
  EnvironmentRules one;
  one.approvals.required = 1;
  one.approvals.self = true;
  EXPECT_EQ(Summarize(one), "1 approval, the author's own counts");
}

}  // namespace
}  // namespace resetctl::contract

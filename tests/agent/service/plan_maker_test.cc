#include "agent/service/plan_maker.h"

#include <gtest/gtest.h>

#include "proto/contract/bundle.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/agent/service/stage.h"

namespace resetctl::agent {
namespace {

v1::PlanReply Make(Stage& stage, const v1::PlanOrder& order) {
  return PlanMaker(stage.parts).MakePlan(order);
}
v1::PlanReply Make(Stage& stage) { return Make(stage, stage.PlanOrder(stage.PlanWords())); }

TEST(PlanMakerTest, MakesAPlanThatItRecognisesAsItsOwn) {
  Stage stage;
  const v1::PlanReply reply = Make(stage);
  ASSERT_TRUE(reply.problems().empty()) << reply.problems(0).message();
  EXPECT_TRUE(stage.key.IsOurPlan(reply.document(), reply.mac()));
  v1::PlanDocument plan;
  ASSERT_TRUE(plan.ParseFromString(reply.document()));
  EXPECT_EQ(plan.author(), "bob");
  EXPECT_EQ(plan.rules(), RulesJson());
  EXPECT_EQ(plan.policy_digest(), contract::Digest(RulesJson()));
  EXPECT_EQ(plan.floor_digest(), contract::Digest(kFloor));
  EXPECT_EQ(plan.bundle_digest(), contract::Digest(BundleBytes()));
  EXPECT_EQ(plan.schema_fingerprint(), "sha256:1") << "of the database's survey";
  EXPECT_EQ(plan.before_size(), 1);
  EXPECT_EQ(plan.after_size(), 2);
  ASSERT_EQ(plan.recreate_size(), 1);
  EXPECT_EQ(plan.recreate(0).statements(), 1);
}

TEST(PlanMakerTest, KeepsTheBundleForTheRun) {
  Stage stage;
  const v1::PlanReply reply = Make(stage);
  absl::StatusOr<std::string> bundle = stage.plans.LoadBundle(contract::Digest(reply.document()));
  ASSERT_TRUE(bundle.ok());
  EXPECT_EQ(*bundle, BundleBytes());
}

TEST(PlanMakerTest, ReadsNothingForAnAuthorWhomItDoesNotKnow) {
  Stage stage;
  Words words = stage.PlanWords();
  words.key_of = "mallory";
  const v1::PlanReply reply = Make(stage, stage.PlanOrder(words));
  ASSERT_EQ(reply.problems_size(), 1);
  EXPECT_EQ(reply.problems(0).reason(), v1::REASON_UNKNOWN_KEY);
  EXPECT_EQ(stage.database.surveys, 0);
}

TEST(PlanMakerTest, HoldsNoSecret) {
  Stage stage;
  const v1::PlanReply reply = Make(stage);
  EXPECT_EQ(reply.SerializeAsString().find(kPassword), std::string::npos);
  v1::PlanDocument plan;
  ASSERT_TRUE(plan.ParseFromString(reply.document()));
  ASSERT_EQ(plan.parameters_size(), 2);
  EXPECT_EQ(plan.parameters(0).value(), "Rentals Ltd");
  EXPECT_TRUE(plan.parameters(1).value().empty());
  EXPECT_EQ(plan.parameters(1).mac().size(), 64u);
}

TEST(PlanMakerTest, CollectsEveryProblem) {
  Stage stage;
  stage.environment.erase("ADMIN_PASSWORD");
  stage.cache.plan.set_reachable(false);
  stage.database.survey.problems.push_back(
      contract::MakeProblem(v1::REASON_UNLISTED_TABLES, "1 table is in no list"));
  const v1::PlanReply reply = Make(stage);
  std::set<v1::Reason> reasons;
  for (const v1::Problem& problem : reply.problems()) reasons.insert(problem.reason());
  EXPECT_TRUE(reasons.count(v1::REASON_PARAMETER_MISSING));
  EXPECT_TRUE(reasons.count(v1::REASON_UNLISTED_TABLES));
  EXPECT_TRUE(reasons.count(v1::REASON_CACHE_UNREACHABLE));
  EXPECT_TRUE(reply.document().empty());
}

TEST(PlanMakerTest, RefusesAPlanWhoseRequiredCacheCannotBeFlushed) {
  Stage stage;
  stage.cache.plan.set_skipped("Redis at 127.0.0.1:6379 is a read-only replica of 127.0.0.1:6380");
  const v1::PlanReply reply = Make(stage);
  ASSERT_EQ(reply.problems_size(), 1);
  EXPECT_EQ(reply.problems(0).reason(), v1::REASON_CACHE_ERROR);
  EXPECT_EQ(reply.problems(0).message(),
            "the cache at 127.0.0.1:6379 cannot be flushed: Redis at 127.0.0.1:6379 is a read-only "
            "replica of 127.0.0.1:6380");
}

TEST(PlanMakerTest, APlanWithoutItsOptionalCacheSaysSoAndWarns) {
  Stage stage;
  const std::string bundle = BundleBytes(
      "version: 1\nname: shop\npostgres: {schemas: [public], unlisted: clear}\n"
      "redis: {flush: db, required: false}\n");
  Words words = stage.PlanWords();
  words.fields["bundle"] = contract::Digest(bundle);
  v1::PlanOrder order = stage.PlanOrder(words);
  order.set_bundle(bundle);
  stage.cache.plan.set_reachable(false);
  stage.cache.plan.set_skipped("Redis at 127.0.0.1:6379 cannot be reached: Connection refused");
  const v1::PlanReply reply = Make(stage, order);
  ASSERT_TRUE(reply.problems().empty()) << reply.problems(0).message();
  v1::PlanDocument plan;
  ASSERT_TRUE(plan.ParseFromString(reply.document()));
  EXPECT_EQ(plan.cache().skipped(),
            "Redis at 127.0.0.1:6379 cannot be reached: Connection refused");
  ASSERT_EQ(plan.warnings_size(), 1);
  EXPECT_EQ(plan.warnings(0).reason(), v1::REASON_CACHE_UNREACHABLE);
}

TEST(PlanMakerTest, SaysThatNoCacheIsConfigured) {
  Stage stage;
  stage.cache.plan.Clear();
  const v1::PlanReply reply = Make(stage);
  ASSERT_TRUE(reply.problems().empty()) << reply.problems(0).message();
  v1::PlanDocument plan;
  ASSERT_TRUE(plan.ParseFromString(reply.document()));
  EXPECT_EQ(plan.cache().skipped(), "no cache configured");
}

TEST(PlanMakerTest, RefusesAnEnvironmentThatRailwayContradicts) {
  Stage stage;
  stage.environment["RAILWAY_ENVIRONMENT"] = "staging";
  const v1::PlanReply reply = Make(stage);
  ASSERT_EQ(reply.problems_size(), 1);
  EXPECT_EQ(reply.problems(0).reason(), v1::REASON_ENVIRONMENT_CONTRADICTS);
}

TEST(PlanMakerTest, LivesNoLongerThanTheFloorAllows) {
  Stage stage;
  v1::PlanOrder order = stage.PlanOrder(stage.PlanWords());
  order.mutable_plan_ttl()->set_seconds(7 * 24 * 3600);
  v1::PlanDocument plan;
  ASSERT_TRUE(plan.ParseFromString(Make(stage, order).document()));
  EXPECT_EQ(plan.expire_time().seconds() - plan.make_time().seconds(), 24 * 3600);
}

TEST(PlanMakerTest, RefusesARuleThatItDoesNotKnow) {
  Stage stage;
  v1::PlanOrder order = stage.PlanOrder(stage.PlanWords());
  std::string rules = RulesJson();
  rules.insert(1, "\"aaa\":1,");
  order.set_rules(rules);
  const v1::PlanReply reply = Make(stage, order);
  ASSERT_EQ(reply.problems_size(), 1);
  EXPECT_EQ(reply.problems(0).reason(), v1::REASON_RULE_UNSUPPORTED);
}

}  // namespace
}  // namespace resetctl::agent

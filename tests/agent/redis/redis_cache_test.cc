#include "agent/redis/redis_cache.h"

#include <gtest/gtest.h>

#include "proto/contract/reasons.h"
#include "tests/support/redis_server.h"

namespace resetctl::agent {
namespace {

using contract::FlushMode;
using contract::RedisSpec;
using support::RedisServer;

RedisCache CacheAt(const std::string& url, const std::string& environment = "staging") {
  return RedisCache(base::Secret(url), environment, "shop");
}

RedisSpec Spec(FlushMode mode, std::vector<std::string> prefixes = {}) {
  RedisSpec spec;
  spec.flush = mode;
  spec.prefixes = std::move(prefixes);
  return spec;
}

void Fill(RedisServer& redis, int db, const std::string& prefix, int count) {
  redis.Call({"SELECT", std::to_string(db)});
  for (int i = 0; i < count; ++i) redis.Call({"SET", prefix + std::to_string(i), "x"});
}

std::string KeysIn(RedisServer& redis, int db) {
  redis.Call({"SELECT", std::to_string(db)});
  return redis.Call({"DBSIZE"});
}

TEST(RedisCacheTest, FlushesItsDbAndNoOther) {
  RedisServer redis;
  Fill(redis, 0, "session:", 25);
  Fill(redis, 1, "other:", 3);
  RedisCache cache = CacheAt(redis.Url(0));
  auto flushed = cache.Flush(Spec(FlushMode::kDb), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 25);
  EXPECT_EQ(KeysIn(redis, 0), "1");
  EXPECT_EQ(redis.Call({"GET", kRedisMarkerKey}), "staging/shop");
  EXPECT_EQ(KeysIn(redis, 1), "3");
}

TEST(RedisCacheTest, FlushesAllDbsWhenAskedTo) {
  RedisServer redis;
  Fill(redis, 0, "a:", 4);
  Fill(redis, 5, "b:", 6);
  auto flushed = CacheAt(redis.Url(0)).Flush(Spec(FlushMode::kAll), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 10);
  EXPECT_EQ(KeysIn(redis, 5), "0");
}

TEST(RedisCacheTest, UnlinksPrefixesOnly) {
  RedisServer redis;
  Fill(redis, 0, "cache:", 3000);
  Fill(redis, 0, "session:", 50);
  Fill(redis, 0, "keep:", 7);
  auto flushed =
      CacheAt(redis.Url(0)).Flush(Spec(FlushMode::kPrefixes, {"cache:", "session:"}), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 3050);
  EXPECT_EQ(KeysIn(redis, 0), "8");  // keep:0..6 and the marker
}

TEST(RedisCacheTest, APrefixIsNoPattern) {
  RedisServer redis;
  redis.Call({"SET", "a*b", "x"});
  redis.Call({"SET", "acb", "x"});
  auto flushed = CacheAt(redis.Url(0)).Flush(Spec(FlushMode::kPrefixes, {"a*"}), nullptr);
  ASSERT_TRUE(flushed.ok());
  EXPECT_EQ(flushed->keys_removed, 1);
  EXPECT_EQ(redis.Call({"EXISTS", "acb"}), "1");
}

TEST(RedisCacheTest, SurveyCountsKeysAndQueueEntriesWithoutTheMarker) {
  RedisServer redis;
  Fill(redis, 0, "cache:", 10);
  redis.Call({"RPUSH", "jobs", "1", "2"});
  redis.Call({"XADD", "events", "*", "a", "b"});
  redis.Call({"SET", kRedisMarkerKey, "staging/shop"});
  const v1::CachePlan plan = CacheAt(redis.Url(0)).MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_TRUE(plan.configured());
  EXPECT_TRUE(plan.reachable()) << plan.skipped();
  EXPECT_EQ(plan.keys(), 12);
  EXPECT_EQ(plan.queue_entries(), 2);
  EXPECT_EQ(plan.run_id().size(), 40u);
  EXPECT_EQ(plan.skipped(), "");
}

TEST(RedisCacheTest, SurveyCountsEachPrefix) {
  RedisServer redis;
  Fill(redis, 0, "cache:", 5);
  Fill(redis, 0, "session:", 2);
  const v1::CachePlan plan =
      CacheAt(redis.Url(0)).MakeSurvey(Spec(FlushMode::kPrefixes, {"cache:", "session:", "none:"}));
  ASSERT_EQ(plan.prefix_keys_size(), 3);
  EXPECT_EQ(plan.prefix_keys(0), 5);
  EXPECT_EQ(plan.prefix_keys(1), 2);
  EXPECT_EQ(plan.prefix_keys(2), 0);
  EXPECT_EQ(plan.keys(), 7);
}

// never-again: with REDIS_URL unset the original flushed localhost:6379 all the same.
TEST(RedisCacheNeverAgainTest, NoUrlMeansNoCacheAndThePlanSaysSo) {
  RedisCache cache = CacheAt("");
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_FALSE(plan.configured());
  EXPECT_EQ(plan.skipped(), "no cache configured");
  auto flushed = cache.Flush(Spec(FlushMode::kDb), nullptr);
  ASSERT_TRUE(flushed.ok());
  EXPECT_EQ(flushed->keys_removed, 0);
}

// never-again: KEYS * three times and a synchronous FLUSHDB stopped every other client.
TEST(RedisCacheNeverAgainTest, NeverCallsKeysNorASynchronousFlush) {
  RedisServer redis;
  Fill(redis, 0, "cache:", 100);
  RedisCache cache = CacheAt(redis.Url(0));
  cache.MakeSurvey(Spec(FlushMode::kDb));
  ASSERT_TRUE(cache.Flush(Spec(FlushMode::kDb), nullptr).ok());
  const std::string stats = redis.Call({"INFO", "commandstats"});
  EXPECT_EQ(stats.find("cmdstat_keys:"), std::string::npos) << stats;
  EXPECT_NE(stats.find("cmdstat_flushdb:calls=1"), std::string::npos) << stats;
}

TEST(RedisCacheTest, UnreachableIsAFactOfThePlanAndAnErrorOfTheFlush) {
  RedisServer redis;
  const std::string url = redis.Url(0);
  redis.Stop();
  RedisCache cache = CacheAt(url);
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_TRUE(plan.configured());
  EXPECT_FALSE(plan.reachable());
  EXPECT_NE(plan.skipped(), "");
  EXPECT_EQ(contract::ReasonOf(cache.Flush(Spec(FlushMode::kDb), nullptr).status()),
            v1::REASON_CACHE_UNREACHABLE);
}

TEST(RedisCacheTest, RefusesACacheWhoseMarkerNamesAnotherEnvironment) {
  RedisServer redis;
  Fill(redis, 0, "cache:", 5);
  redis.Call({"SET", kRedisMarkerKey, "production/shop"});
  RedisCache cache = CacheAt(redis.Url(0));
  EXPECT_EQ(contract::ReasonOf(cache.CheckMarker()), v1::REASON_IDENTITY_CONFLICT);
  EXPECT_EQ(contract::ReasonOf(cache.Flush(Spec(FlushMode::kDb), nullptr).status()),
            v1::REASON_IDENTITY_CONFLICT);
  EXPECT_EQ(KeysIn(redis, 0), "6");
}

TEST(RedisCacheTest, NeverFlushesAllOfAServerThatAnotherTargetSharesWithIt) {
  RedisServer redis;
  Fill(redis, 0, "cache:", 5);
  Fill(redis, 3, "cache:", 2);
  redis.Call({"SET", kRedisMarkerKey, "production/shop"});  // in db 3
  RedisCache cache = CacheAt(redis.Url(0));
  EXPECT_NE(cache.MakeSurvey(Spec(FlushMode::kAll)).skipped().find("production/shop"),
            std::string::npos);
  EXPECT_EQ(contract::ReasonOf(cache.Flush(Spec(FlushMode::kAll), nullptr).status()),
            v1::REASON_IDENTITY_CONFLICT);
  EXPECT_EQ(KeysIn(redis, 0), "5");
  EXPECT_EQ(KeysIn(redis, 3), "3");
  EXPECT_TRUE(cache.Flush(Spec(FlushMode::kDb), nullptr).ok());
}

TEST(RedisCacheTest, LogsInWithUserAndPasswordAndNeverTellsThem) {
  RedisServer redis({"--requirepass", "hunter2"}, {"AUTH", "hunter2"});
  redis.Call({"ACL", "SETUSER", "app", "on", ">s3cr3t/word", "~*", "+@all"});
  Fill(redis, 0, "cache:", 3);
  const std::string host = "127.0.0.1:" + std::to_string(redis.port());
  auto flushed = CacheAt("redis://app:s3cr3t%2Fword@" + host).Flush(Spec(FlushMode::kDb), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 3);

  auto refused = CacheAt("redis://app:wrongword@" + host).Flush(Spec(FlushMode::kDb), nullptr);
  EXPECT_EQ(contract::ReasonOf(refused.status()), v1::REASON_CACHE_ERROR);
  EXPECT_EQ(refused.status().ToString().find("wrongword"), std::string::npos);
}

TEST(RedisCacheTest, AReplicaIsToldAsSuch) {
  RedisServer primary;
  RedisServer replica({"--replicaof", "127.0.0.1", std::to_string(primary.port())});
  const v1::CachePlan plan = CacheAt(replica.Url(0)).MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_EQ(plan.skipped(), "a read-only replica");
}

}  // namespace
}  // namespace resetctl::agent

#include "agent/redis/redis_cache.h"

#include <gtest/gtest.h>

#include "agent/redis/key_prefixes.h"
#include "tests/agent/redis/fixtures.h"

namespace resetctl::agent {
namespace {

using contract::FlushMode;
using support::RedisServer;

void FillDb(RedisServer& redis, int db, const std::string& prefix, int count) {
  redis.Call({"SELECT", std::to_string(db)});
  Fill(redis, prefix, count);
}

std::string KeysIn(RedisServer& redis, int db) {
  redis.Call({"SELECT", std::to_string(db)});
  return redis.Call({"DBSIZE"});
}

TEST(RedisCacheTest, FlushesItsDbAndNoOther) {
  RedisServer redis;
  FillDb(redis, 0, "session:", 25);
  FillDb(redis, 1, "other:", 3);
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
  FillDb(redis, 0, "a:", 4);
  FillDb(redis, 5, "b:", 6);
  auto flushed = CacheAt(redis.Url(0)).Flush(Spec(FlushMode::kAll), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 10);
  EXPECT_EQ(KeysIn(redis, 5), "0");
}

TEST(RedisCacheTest, UnlinksPrefixesOnly) {
  RedisServer redis;
  FillDb(redis, 0, "cache:", 3000);
  FillDb(redis, 0, "session:", 50);
  FillDb(redis, 0, "keep:", 7);
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

TEST(RedisCacheTest, KeysMayHoldAnyBytes) {
  RedisServer redis;
  const std::string prefix("\xff\0*[a]\r\n", 8);
  for (const std::string& key : {prefix, prefix + '\0', prefix + "\xc3\x28 \"'"}) {
    redis.Call({"SET", key, "x"});
  }
  redis.Call({"SET", std::string("\xff\0xa\r\n", 6), "x"});
  auto flushed = CacheAt(redis.Url(0)).Flush(Spec(FlushMode::kPrefixes, {prefix}), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 3);
  EXPECT_EQ(KeysIn(redis, 0), "2");
}

TEST(RedisCacheTest, SurveyCountsKeysAndQueueEntriesWithoutTheMarker) {
  RedisServer redis;
  FillDb(redis, 0, "cache:", 10);
  redis.Call({"RPUSH", "jobs", "1", "2"});
  redis.Call({"XADD", "events", "*", "a", "b"});
  redis.Call({"SET", kRedisMarkerKey, "staging/shop"});
  const v1::CachePlan plan = CacheAt(redis.Url(0)).MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_TRUE(plan.configured());
  EXPECT_TRUE(plan.reachable()) << plan.skipped();
  EXPECT_EQ(plan.keys(), 12);
  EXPECT_EQ(plan.queue_entries(), 2);
  EXPECT_EQ(plan.queue_jobs(), 3);
  EXPECT_EQ(plan.server_version().rfind("Redis ", 0), 0u) << plan.server_version();
  EXPECT_EQ(plan.run_id().size(), 40u);
  EXPECT_EQ(plan.skipped(), "");
}

TEST(RedisCacheTest, SurveyCountsEachPrefix) {
  RedisServer redis;
  FillDb(redis, 0, "cache:", 5);
  FillDb(redis, 0, "session:", 2);
  const v1::CachePlan plan =
      CacheAt(redis.Url(0)).MakeSurvey(Spec(FlushMode::kPrefixes, {"cache:", "session:", "none:"}));
  ASSERT_EQ(plan.prefix_keys_size(), 3);
  EXPECT_EQ(plan.prefix_keys(0), 5);
  EXPECT_EQ(plan.prefix_keys(1), 2);
  EXPECT_EQ(plan.prefix_keys(2), 0);
  EXPECT_EQ(plan.keys(), 7);
}

TEST(RedisCacheTest, SurveyCountsTheQueuesOfItsPrefixesAlone) {
  RedisServer redis;
  redis.Call({"RPUSH", "cache:jobs", "1", "2"});
  redis.Call({"RPUSH", "cache:mails", "1"});
  redis.Call({"RPUSH", "other:jobs", "1", "2", "3"});
  const v1::CachePlan plan =
      CacheAt(redis.Url(0)).MakeSurvey(Spec(FlushMode::kPrefixes, {"cache:"}));
  EXPECT_EQ(plan.queue_entries(), 2);
  EXPECT_EQ(plan.queue_jobs(), 3);
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
  FillDb(redis, 0, "cache:", 100);
  RedisCache cache = CacheAt(redis.Url(0));
  cache.MakeSurvey(Spec(FlushMode::kDb));
  ASSERT_TRUE(cache.Flush(Spec(FlushMode::kDb), nullptr).ok());
  const std::string stats = redis.Call({"INFO", "commandstats"});
  EXPECT_EQ(stats.find("cmdstat_keys:"), std::string::npos) << stats;
  EXPECT_NE(stats.find("cmdstat_flushdb:calls=1"), std::string::npos) << stats;
}

TEST(RedisCacheTest, RefusesACacheWhoseMarkerNamesAnotherEnvironment) {
  RedisServer redis;
  FillDb(redis, 0, "cache:", 5);
  redis.Call({"SET", kRedisMarkerKey, "production/shop"});
  RedisCache cache = CacheAt(redis.Url(0));
  EXPECT_EQ(contract::ReasonOf(cache.CheckMarker()), v1::REASON_IDENTITY_CONFLICT);
  EXPECT_EQ(contract::ReasonOf(cache.Flush(Spec(FlushMode::kDb), nullptr).status()),
            v1::REASON_IDENTITY_CONFLICT);
  EXPECT_EQ(KeysIn(redis, 0), "6");
}

TEST(RedisCacheTest, NeverFlushesAllOfAServerThatAnotherTargetSharesWithIt) {
  RedisServer redis;
  FillDb(redis, 0, "cache:", 5);
  FillDb(redis, 3, "cache:", 2);
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

}  // namespace
}  // namespace resetctl::agent

// The rows of what Redis really does when somebody resets it, each with our answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/redis/fixtures.h"

namespace resetctl::agent {
namespace {

using contract::FlushMode;
using contract::RedisSpec;
using support::RedisServer;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// How often a command was called: 0 when never.
int Calls(RedisServer& redis, const std::string& command) {
  const std::string stats = redis.Call({"INFO", "commandstats"});
  const std::string name = "cmdstat_" + command + ":calls=";
  const size_t at = stats.find(name);
  return at == std::string::npos ? 0 : std::stoi(stats.substr(at + name.size()));
}

class RedisCases : public testing::Test {
 protected:
  std::vector<std::string> SavingArguments() const {
    return {"--dir", folder_.path(), "--save", "3600 1"};
  }
  size_t DumpSize() const { return std::filesystem::file_size(folder_.path() + "/dump.rdb"); }

  const Folder folder_;
};

// KEYS * on 2M keys blocked for 0.8 s, FLUSHDB without ASYNC for 3.5 s.
TEST_F(RedisCases, KeysAndSynchronousFlushesBlockEveryClientSoNeitherIsEverSent) {
  RedisServer redis({"--slowlog-log-slower-than", "0", "--slowlog-max-len", "1000"});
  Fill(redis, "cache:", 2500);
  RedisCache cache = CacheAt(redis.Url());
  for (const RedisSpec& spec :
       {Spec(FlushMode::kDb), Spec(FlushMode::kAll), Spec(FlushMode::kPrefixes, {"cache:"})}) {
    EXPECT_EQ(cache.MakeSurvey(spec).skipped(), "");
    ASSERT_TRUE(cache.Flush(spec, nullptr).ok());
  }
  EXPECT_EQ(Calls(redis, "keys"), 0);
  const std::string log = redis.Call({"SLOWLOG", "GET", "1000"});
  EXPECT_THAT(log, AllOf(HasSubstr("FLUSHDB\nASYNC\n"), HasSubstr("FLUSHALL\nASYNC\n")));
  EXPECT_EQ(Calls(redis, "flushdb"), 1);
  EXPECT_EQ(Calls(redis, "flushall"), 1);
}

TEST_F(RedisCases, FlushAllSaysWhatItDoesToTheDumpFile) {
  RedisServer redis(SavingArguments());
  Fill(redis, "cache:", 5000);
  redis.Call({"SAVE"});
  const size_t full = DumpSize();
  RedisCache cache = CacheAt(redis.Url());
  EXPECT_THAT(cache.MakeSurvey(Spec(FlushMode::kAll)).warnings(),
              ElementsAre(AllOf(HasSubstr("FLUSHALL also rewrites the dump file"),
                                HasSubstr("the server has save points"))));
  ASSERT_TRUE(cache.Flush(Spec(FlushMode::kAll), nullptr).ok());
  EXPECT_LT(DumpSize(), full / 10);
}

TEST_F(RedisCases, FlushDbLeavesTheDumpFileAloneAndIsTheDefault) {
  RedisServer redis(SavingArguments());
  Fill(redis, "cache:", 5000);
  redis.Call({"SAVE"});
  const size_t full = DumpSize();
  RedisCache cache = CacheAt(redis.Url());
  EXPECT_EQ(contract::RedisSpec().flush, FlushMode::kDb);
  EXPECT_THAT(cache.MakeSurvey(Spec(FlushMode::kDb)).warnings(), IsEmpty());
  ASSERT_TRUE(cache.Flush(Spec(FlushMode::kDb), nullptr).ok());
  EXPECT_EQ(DumpSize(), full);
}

TEST_F(RedisCases, FlushAllSaysThatTheAppendOnlyFileRecordsIt) {
  RedisServer redis({"--dir", folder_.path(), "--appendonly", "yes"});
  EXPECT_THAT(CacheAt(redis.Url()).MakeSurvey(Spec(FlushMode::kAll)).warnings(),
              ElementsAre(HasSubstr("append-only file")));
}

TEST_F(RedisCases, FlushAllWithoutSavePointsWarnsOfNoDumpFile) {
  RedisServer redis;
  EXPECT_THAT(CacheAt(redis.Url()).MakeSurvey(Spec(FlushMode::kAll)).warnings(), IsEmpty());
}

TEST_F(RedisCases, SavePointsThatCannotBeAskedAreSaidToBeUnknown) {
  RedisServer redis(SavingArguments());
  redis.Call({"ACL", "SETUSER", "app", "on", ">s3cr3t", "~*", "+@all", "-config"});
  const v1::CachePlan plan = CacheAt("redis://app:s3cr3t@127.0.0.1:" + std::to_string(redis.port()))
                                 .MakeSurvey(Spec(FlushMode::kAll));
  EXPECT_EQ(plan.skipped(), "");
  EXPECT_THAT(plan.warnings(),
              ElementsAre(AllOf(HasSubstr("could not be asked"), HasSubstr("CONFIG GET"),
                                HasSubstr("ACL SETUSER app +config|get"))));
}

TEST_F(RedisCases, FlushAllSaysWhichOtherDbsItEmpties) {
  RedisServer redis;
  Fill(redis, "cache:", 4);
  redis.Call({"SELECT", "3"});
  Fill(redis, "session:", 7);
  redis.Call({"RPUSH", "jobs", "1", "2"});
  redis.Call({"SELECT", "5"});
  Fill(redis, "session:", 1);
  const v1::CachePlan plan = CacheAt(redis.Url()).MakeSurvey(Spec(FlushMode::kAll));
  EXPECT_THAT(plan.warnings(),
              ElementsAre("FLUSHALL empties 2 other dbs of the server too (3 with 8, 5 with 1): 9 "
                          "keys"));
  EXPECT_EQ(plan.keys(), 13);
  EXPECT_EQ(plan.queue_entries(), 1);
  EXPECT_EQ(plan.queue_jobs(), 2);
}

// SCAN COUNT 1000 with pipelined UNLINK: one Lua call blocks, COUNT 10000 stalls others for 16 ms.
TEST_F(RedisCases, PrefixesAreRemovedPageByPageWithUnlinkAndNothingThatBlocks) {
  RedisServer redis;
  Fill(redis, "cache:", 20000);
  Fill(redis, "keep:", 20000);
  redis.Call({"CONFIG", "RESETSTAT"});
  auto flushed = CacheAt(redis.Url()).Flush(Spec(FlushMode::kPrefixes, {"cache:"}), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 20000);
  EXPECT_GE(Calls(redis, "scan"), 30) << "small pages";
  EXPECT_LE(Calls(redis, "unlink"), Calls(redis, "scan")) << "one command a page";
  for (const char* command : {"keys", "eval", "del", "flushdb"}) {
    EXPECT_EQ(Calls(redis, command), 0) << command;
  }
  EXPECT_EQ(redis.Call({"DBSIZE"}), "20001");  // keep: and the marker
}

TEST_F(RedisCases, AnAclOfKeysDoesNotRestrictFlushDbSoThePlanWarns) {
  RedisServer redis;
  redis.Call({"ACL", "SETUSER", "app", "on", ">s3cr3t", "~app:*", "~resetctl:target", "+@all"});
  Fill(redis, "app:", 3);
  Fill(redis, "other:", 4);
  RedisCache cache = CacheAt("redis://app:s3cr3t@127.0.0.1:" + std::to_string(redis.port()));
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_EQ(plan.keys(), 7);
  EXPECT_THAT(plan.warnings(),
              ElementsAre(AllOf(HasSubstr("user app may touch ~app:* ~resetctl:target only"),
                                HasSubstr("FLUSHDB does not ask for keys"))));
  EXPECT_EQ(plan.DebugString().find("s3cr3t"), std::string::npos);
  ASSERT_TRUE(cache.Flush(Spec(FlushMode::kDb), nullptr).ok());
  EXPECT_EQ(redis.Call({"EXISTS", "other:1"}), "0");
}

TEST_F(RedisCases, LogsInWithUserAndPasswordAndNeverTellsThem) {
  RedisServer redis({"--requirepass", "hunter2"}, {"AUTH", "hunter2"});
  redis.Call({"ACL", "SETUSER", "app", "on", ">s3cr3t/word", "~*", "+@all"});
  Fill(redis, "cache:", 3);
  const std::string host = "127.0.0.1:" + std::to_string(redis.port());
  auto flushed = CacheAt("redis://app:s3cr3t%2Fword@" + host).Flush(Spec(FlushMode::kDb), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 3);

  const absl::Status wrong =
      CacheAt("redis://app:wrongword@" + host).Flush(Spec(FlushMode::kDb), nullptr).status();
  EXPECT_EQ(contract::ReasonOf(wrong), v1::REASON_CACHE_ERROR);
  EXPECT_THAT(Message(wrong), HasSubstr("does not accept the user and password of REDIS_URL"));
  EXPECT_THAT(wrong.ToString(), Not(HasSubstr("wrongword")));
  EXPECT_THAT(CacheAt("redis://" + host).MakeSurvey(Spec(FlushMode::kDb)).skipped(),
              HasSubstr("asks for a password"));
}

TEST_F(RedisCases, AReplicaRefusesWritesAndIsToldAsSuch) {
  RedisServer primary;
  RedisServer replica({"--replicaof", "127.0.0.1", std::to_string(primary.port())});
  RedisCache cache = CacheAt(replica.Url());
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_TRUE(plan.reachable());
  EXPECT_EQ(plan.skipped(),
            "Redis at 127.0.0.1:" + std::to_string(replica.port()) +
                " is a read-only replica of 127.0.0.1:" + std::to_string(primary.port()));
  EXPECT_THAT(Message(cache.Flush(Spec(FlushMode::kDb), nullptr).status()),
              HasSubstr("read-only replica"));
}

TEST_F(RedisCases, UnreachableIsAFactOfThePlanAndAnErrorOfTheFlush) {
  RedisServer redis;
  RedisCache cache = CacheAt(redis.Url());
  redis.Stop();
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_TRUE(plan.configured());
  EXPECT_FALSE(plan.reachable());
  EXPECT_THAT(plan.skipped(), HasSubstr("cannot be reached"));
  EXPECT_EQ(contract::ReasonOf(cache.Flush(Spec(FlushMode::kDb), nullptr).status()),
            v1::REASON_CACHE_UNREACHABLE);
}

}  // namespace
}  // namespace resetctl::agent

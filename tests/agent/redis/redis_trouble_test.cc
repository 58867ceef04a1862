// A Redis that refuses, stalls, dies or changes its mind, and the one clear sentence for each.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/redis/redis_facts.h"
#include "agent/redis/redis_refusal.h"
#include "tests/agent/redis/fixtures.h"
#include "tests/support/await.h"
#include "tests/support/free_port.h"

namespace resetctl::agent {
namespace {

using contract::FlushMode;
using contract::RedisSpec;
using support::RedisServer;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const RedisSpec kCache = Spec(FlushMode::kPrefixes, {"cache:"});

// ---- rights --------------------------------------------------------------------------------------------------------

class RedisRightsTest : public testing::Test {
 protected:
  RedisRightsTest() { Fill(redis_, "cache:", 3); }

  // A user with all rights but these.
  RedisCache As(std::vector<std::string> rules) {
    std::vector<std::string> command = {"ACL", "SETUSER", "app", "reset",
                                        "on",  ">s3cr3t", "~*",  "+@all"};
    command.insert(command.end(), rules.begin(), rules.end());
    EXPECT_EQ(redis_.Call(command), "OK");
    return CacheAt("redis://app:s3cr3t@127.0.0.1:" + std::to_string(redis_.port()));
  }

  RedisServer redis_;
};

TEST_F(RedisRightsTest, ThePlanNamesTheCommandAndTheRuleToAdd) {
  struct Row {
    FlushMode mode;
    const char* denied;
    const char* command;
    const char* rule;
  };
  for (const Row& row :
       {Row{FlushMode::kDb, "-flushdb", "run FLUSHDB", "ACL SETUSER app +flushdb"},
        Row{FlushMode::kAll, "-flushall", "run FLUSHALL", "ACL SETUSER app +flushall"},
        Row{FlushMode::kPrefixes, "-unlink", "run UNLINK", "ACL SETUSER app +unlink"},
        Row{FlushMode::kPrefixes, "-scan", "run SCAN", "ACL SETUSER app +scan"},
        Row{FlushMode::kDb, "-set", "run SET", "ACL SETUSER app +set"},
        Row{FlushMode::kDb, "-info", "run INFO", "ACL SETUSER app +info"}}) {
    const RedisSpec spec =
        Spec(row.mode, row.mode == FlushMode::kPrefixes ? std::vector<std::string>{"cache:"}
                                                        : std::vector<std::string>{});
    RedisCache cache = As({row.denied});
    const v1::CachePlan plan = cache.MakeSurvey(spec);
    EXPECT_TRUE(plan.reachable());
    EXPECT_THAT(plan.skipped(), AllOf(HasSubstr(row.command), HasSubstr("NOPERM"),
                                      HasSubstr(row.rule), Not(HasSubstr("s3cr3t"))));
    const absl::Status flushed = cache.Flush(spec, nullptr).status();
    EXPECT_EQ(contract::ReasonOf(flushed), v1::REASON_CACHE_ERROR);
    EXPECT_THAT(Message(flushed), HasSubstr(row.rule));
    EXPECT_THAT(flushed.ToString(), Not(HasSubstr("s3cr3t")));
    EXPECT_EQ(redis_.Call({"DBSIZE"}), "3");
  }
}

TEST_F(RedisRightsTest, AllThatIsMissingIsSaidAtOnce) {
  RedisCache cache = As({"-flushdb", "resetkeys", "~cache:*"});
  EXPECT_THAT(cache.MakeSurvey(Spec(FlushMode::kDb)).skipped(),
              AllOf(HasSubstr("run FLUSHDB, touch resetctl:target"),
                    HasSubstr("ACL SETUSER app +flushdb ~resetctl:target")));
}

TEST_F(RedisRightsTest, KeysOutOfReachAreNamedByTheirPrefix) {
  RedisCache cache = As({"resetkeys", "~session:*", "~resetctl:target"});
  EXPECT_THAT(cache.MakeSurvey(kCache).skipped(), HasSubstr("ACL SETUSER app ~cache:*"));
}

TEST_F(RedisRightsTest, AUserWhoMayNotAskIsRefusedByTheFlushItself) {
  RedisCache cache = As({"-acl", "-flushdb"});
  EXPECT_EQ(cache.MakeSurvey(Spec(FlushMode::kDb)).skipped(), "");
  EXPECT_THAT(Message(cache.Flush(Spec(FlushMode::kDb), nullptr).status()),
              HasSubstr("ACL SETUSER app +flushdb"));
  RedisCache keys = As({"-acl", "resetkeys", "~cache:*"});
  EXPECT_THAT(keys.MakeSurvey(Spec(FlushMode::kDb)).skipped(),
              AllOf(HasSubstr("touch a key that GET needs"), HasSubstr("resetctl:target")));
}

TEST_F(RedisRightsTest, QueuesThatCannotBeCountedAreAWarningAndNoObstacle) {
  redis_.Call({"RPUSH", "jobs", "1", "2"});
  const v1::CachePlan unscanned = As({"-scan"}).MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_EQ(unscanned.skipped(), "");
  EXPECT_EQ(unscanned.keys(), 4);
  EXPECT_THAT(unscanned.warnings(),
              ElementsAre(AllOf(HasSubstr("could not all be counted"), HasSubstr("+scan"))));
  const v1::CachePlan unmeasured = As({"-llen"}).MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_EQ(unmeasured.queue_entries(), 1);
  EXPECT_THAT(unmeasured.warnings(), ElementsAre(HasSubstr("+llen")));
}

TEST(RedisTroubleTest, ACommandThatTheServerDisabledIsNamedInThePlan) {
  RedisServer redis({"--rename-command", "FLUSHDB", ""});
  RedisCache cache = CacheAt(redis.Url());
  EXPECT_THAT(cache.MakeSurvey(Spec(FlushMode::kDb)).skipped(),
              AllOf(HasSubstr("does not know FLUSHDB"), HasSubstr("disabled or renamed")));
  EXPECT_FALSE(cache.Flush(Spec(FlushMode::kDb), nullptr).ok());
}

// The server answers an unknown command with its arguments.
TEST(RedisTroubleTest, AnUnknownAuthDoesNotTellThePassword) {
  RedisServer redis({"--rename-command", "AUTH", "LOGIN"});
  const absl::Status refused =
      CacheAt("redis://app:s3cr3t@127.0.0.1:" + std::to_string(redis.port()))
          .Flush(Spec(FlushMode::kDb), nullptr)
          .status();
  EXPECT_THAT(Message(refused), HasSubstr("does not know AUTH"));
  EXPECT_THAT(refused.ToString(), Not(HasSubstr("s3cr3t")));
}

TEST(RedisTroubleTest, APasswordForAServerThatHasNoneIsSaid) {
  RedisServer redis;
  EXPECT_THAT(Message(CacheAt("redis://:s3cr3t@127.0.0.1:" + std::to_string(redis.port()))
                          .Flush(Spec(FlushMode::kDb), nullptr)
                          .status()),
              AllOf(HasSubstr("does not take the login of REDIS_URL"), Not(HasSubstr("s3cr3t"))));
}

// ---- bad luck ------------------------------------------------------------------------------------------------------

TEST(RedisTroubleTest, AServerThatDiesInThePrefixDeletionIsAnErrorThatSaysHowFarItCame) {
  RedisServer redis;
  Fill(redis, "cache:", 20000);
  RedisCache cache = CacheAt(redis.Url());
  int64_t seen = 0;
  const absl::Status died = cache
                                .Flush(kCache,
                                       [&](int64_t done, int64_t) {
                                         if (seen == 0 && done >= 10000) redis.Stop();
                                         if (done >= 10000) seen = done;
                                       })
                                .status();
  EXPECT_EQ(contract::ReasonOf(died), v1::REASON_CACHE_UNREACHABLE);
  EXPECT_THAT(Message(died), AllOf(HasSubstr("the connection to Redis at 127.0.0.1:"),
                                   HasSubstr("keys had been removed by then")));
  EXPECT_THAT(Message(died), Not(HasSubstr("; 0 keys")));

  redis.Start();
  Fill(redis, "cache:", 500);  // what a dump would have brought back
  auto again = cache.Flush(kCache, nullptr);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->keys_removed, 500);
}

TEST(RedisTroubleTest, AStalledServerIsGivenUpAfterTheTimeout) {
  RedisServer redis;
  RedisCache cache = CacheAt(redis.Url(), kShort);
  redis.Stall();
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_FALSE(plan.reachable());
  EXPECT_THAT(plan.skipped(), HasSubstr("gave no answer to INFO within 300ms"));
}

TEST(RedisTroubleTest, AServerThatStallsInThePrefixDeletionIsGivenUpToo) {
  RedisServer redis;
  Fill(redis, "cache:", 20000);
  bool stalled = false;
  const absl::Status status = CacheAt(redis.Url(), kShort)
                                  .Flush(kCache,
                                         [&](int64_t done, int64_t) {
                                           if (stalled || done < 10000) return;
                                           stalled = true;
                                           redis.Stall();
                                         })
                                  .status();
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_CACHE_UNREACHABLE);
  EXPECT_THAT(Message(status), AllOf(HasSubstr("within 300ms"), HasSubstr("had been removed")));
}

TEST(RedisTroubleTest, AFailoverInThePrefixDeletionIsSaid) {
  RedisServer redis;
  Fill(redis, "cache:", 20000);
  bool replica = false;
  const absl::Status status =
      CacheAt(redis.Url())
          .Flush(kCache,
                 [&](int64_t, int64_t) {
                   if (replica) return;
                   replica = true;
                   redis.Call({"REPLICAOF", "127.0.0.1", std::to_string(support::FreePort())});
                 })
          .status();
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_CACHE_ERROR);
  EXPECT_THAT(Message(status), AllOf(HasSubstr("read-only replica"), HasSubstr("READONLY"),
                                     HasSubstr("keys had been removed by then")));
}

TEST(RedisTroubleTest, AFailoverBetweenPlanAndFlushIsSaid) {
  RedisServer redis;
  RedisCache cache = CacheAt(redis.Url());
  EXPECT_EQ(cache.MakeSurvey(Spec(FlushMode::kDb)).skipped(), "");
  redis.Call({"REPLICAOF", "127.0.0.1", std::to_string(support::FreePort())});
  for (const absl::Status& status : {cache.CheckFlush(Spec(FlushMode::kDb)),
                                     cache.Flush(Spec(FlushMode::kDb), nullptr).status()}) {
    EXPECT_EQ(contract::ReasonOf(status), v1::REASON_CACHE_ERROR);
    EXPECT_THAT(Message(status), HasSubstr("is a read-only replica of 127.0.0.1:"));
  }
}

TEST(RedisTroubleTest, AServerThatIsLoadingIsSaidToBe) {
  const Folder folder;
  const std::vector<std::string> arguments = {"--dir", folder.path()};
  {
    RedisServer redis(arguments);
    redis.Call({"EVAL",
                "for i = 1, 2000 do redis.call('SET', 'cache:' .. i, string.rep(i, 500)) end",
                "0"});
    redis.Call({"CONFIG", "SET", "rdbcompression", "no"});
    redis.Call({"SAVE"});
  }
  // A tenth of a second a key: it is loading as long as this test lasts.
  RedisServer redis({"--dir", folder.path(), "--key-load-delay", "100000",
                     "--loading-process-events-interval-bytes", "1024"});
  RedisCache cache = CacheAt(redis.Url());
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_FALSE(plan.reachable());
  EXPECT_THAT(plan.skipped(), HasSubstr("still loading its data from disk"));
  EXPECT_EQ(contract::ReasonOf(cache.Flush(Spec(FlushMode::kDb), nullptr).status()),
            v1::REASON_CACHE_UNREACHABLE);
}

TEST(RedisTroubleTest, AServerThatCannotSaveRefusesWritesAndIsToldAsSuch) {
  const Folder folder;
  RedisServer redis({"--dir", folder.path(), "--save", "3600 1"});
  Fill(redis, "cache:", 10);
  std::filesystem::remove_all(folder.path());
  redis.Call({"BGSAVE"});
  support::Await("the save to fail", [&] {
    return redis.Call({"INFO"}).find("rdb_last_bgsave_status:err") != std::string::npos;
  });
  for (const RedisSpec& spec : {Spec(FlushMode::kDb), Spec(FlushMode::kAll), kCache}) {
    const absl::Status status = CacheAt(redis.Url()).Flush(spec, nullptr).status();
    EXPECT_EQ(contract::ReasonOf(status), v1::REASON_CACHE_ERROR);
    EXPECT_THAT(Message(status), HasSubstr("could not save its dump file (MISCONF)"));
  }
  EXPECT_EQ(redis.Call({"DBSIZE"}), "10");
}

// UNLINK frees memory and is let through; the marker needs some, and is not.
TEST(RedisTroubleTest, AServerWithoutMemoryIsFlushedAndTheMissingMarkerIsSaid) {
  RedisServer redis;
  Fill(redis, "cache:", 10);
  Fill(redis, "keep:", 10);
  redis.Call({"CONFIG", "SET", "maxmemory", "1"});
  const absl::Status status = CacheAt(redis.Url()).Flush(kCache, nullptr).status();
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr("out of memory"), HasSubstr("the flush itself is done")));
  EXPECT_EQ(redis.Call({"DBSIZE"}), "10");
}

TEST(RedisRefusalTest, EveryKindOfErrorIsOneSentenceWithoutTheServersWords) {
  const RedisRequest request{"10.0.0.5:6379", "app", "UNLINK"};
  for (const char* reply :
       {"NOAUTH Authentication required.", "WRONGPASS invalid username-password pair",
        "READONLY You can't write against a read only replica.",
        "LOADING Redis is loading the dataset in memory", "MISCONF Redis is configured to save",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "CLUSTERDOWN Hash slot not served", "MASTERDOWN Link with MASTER is down",
        "NOREPLICAS Not enough good replicas to write.", "BUSY Redis is busy running a script.",
        "DENIED Redis is running in protected mode",
        "NOPERM User app has no permissions to run the 'unlink' command",
        "MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381",
        "ERR unknown command 'UNLINK', with args beginning with: 'session:a' 's3cr3t'"}) {
    const std::string message = Message(Refusal(request, reply));
    EXPECT_THAT(message, HasSubstr("Redis at 10.0.0.5:6379 ")) << reply;
    EXPECT_THAT(message, AllOf(Not(HasSubstr(reply)), Not(HasSubstr("s3cr3t")),
                               Not(HasSubstr("session:a"))));
  }
  EXPECT_EQ(Message(Refusal(request, "ERR something new\r\nand more")),
            "Redis at 10.0.0.5:6379 says to UNLINK: ERR something new");
}

// As Valkey 8.1 writes it.
TEST(RedisFactsTest, ValkeyIsCalledByItsOwnNameAndReadTheSameWay) {
  const RedisFacts facts = ParseInfo(
      "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.3\r\n"
      "server_mode:standalone\r\nrun_id:abc\r\n\r\n# Persistence\r\nloading:0\r\naof_enabled:1\r\n"
      "# Replication\r\nrole:slave\r\nmaster_host:10.0.0.7\r\nmaster_port:6380\r\n"
      "# Cluster\r\ncluster_enabled:0\r\n"
      "# Keyspace\r\ndb0:keys=12,expires=3,avg_ttl=0\r\ndb11:keys=1,expires=0,avg_ttl=0\r\n");
  EXPECT_EQ(facts.version, "Valkey 8.1.3");
  EXPECT_EQ(facts.run_id, "abc");
  EXPECT_TRUE(facts.replica);
  EXPECT_EQ(facts.primary, "10.0.0.7:6380");
  EXPECT_TRUE(facts.append_only);
  EXPECT_FALSE(facts.cluster);
  EXPECT_EQ(facts.keys, (std::map<int, int64_t>{{0, 12}, {11, 1}}));
  EXPECT_EQ(ParseInfo("redis_version:7.0.15\r\n").version, "Redis 7.0.15");
  EXPECT_EQ(ParseInfo("valkey_version:9.0.0\r\n").version, "Valkey 9.0.0");
}

}  // namespace
}  // namespace resetctl::agent

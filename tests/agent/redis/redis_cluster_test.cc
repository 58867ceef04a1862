#include "tests/support/redis_cluster.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/redis/cluster_topology.h"
#include "agent/redis/key_prefixes.h"
#include "tests/agent/redis/fixtures.h"
#include "tests/support/await.h"
#include "tests/support/free_port.h"

namespace resetctl::agent {
namespace {

using contract::FlushMode;
using contract::RedisSpec;
using support::RedisCluster;
using support::RedisServer;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Ne;
using testing::Not;

void Fill(RedisCluster& cluster, const std::string& prefix, int count) {
  for (int i = 0; i < count; ++i) cluster.Call({"SET", prefix + std::to_string(i), "x"});
}

TEST(KeySlotTest, IsWhatRedisSaysForKeysOfAnyBytes) {
  const Folder folder;
  RedisServer redis({"--cluster-enabled", "yes", "--cluster-config-file",
                     folder.path() + "/nodes.conf", "--cluster-port",
                     std::to_string(support::FreePort())});
  std::vector<std::string> keys = {"",        "123456789", "{user}:1", "a{user}b", "{}x",
                                   "x{}y{z}", "{{a}}",     "{a",       "a}b{c}",   kRedisMarkerKey};
  std::mt19937 random(20261124);
  for (int i = 0; i < 300; ++i) {
    std::string key(random() % 40, '\0');
    for (char& c : key) c = static_cast<char>(random() % 4 == 0 ? "{}"[random() % 2] : random());
    keys.push_back(key);
  }
  for (const std::string& key : keys) {
    EXPECT_EQ(std::to_string(KeySlot(key)), redis.Call({"CLUSTER", "KEYSLOT", key}));
  }
}

// "In a cluster, FLUSHALL on one node leaves the others: ... flush every master."
TEST(RedisClusterCases, AFlushOnOneNodeLeavesTheOthersSoEveryMasterIsFlushed) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 90);
  cluster.node(0).Call({"FLUSHALL"});
  ASSERT_THAT(cluster.Sizes(), ElementsAre("0", Ne("0"), Ne("0")));
  Fill(cluster, "cache:", 90);
  for (const FlushMode mode : {FlushMode::kDb, FlushMode::kAll}) {
    RedisCache cache = CacheAt(cluster.node(1).Url());
    const v1::CachePlan plan = cache.MakeSurvey(Spec(mode));
    EXPECT_EQ(plan.skipped(), "");
    EXPECT_EQ(plan.masters(), 3);
    EXPECT_EQ(plan.keys(), 90);
    auto flushed = cache.Flush(Spec(mode), nullptr);
    ASSERT_TRUE(flushed.ok()) << flushed.status();
    EXPECT_EQ(flushed->keys_removed, 90);
    EXPECT_EQ(flushed->detail, "flush (async) on 3 masters");
    EXPECT_EQ(cluster.Call({"GET", kRedisMarkerKey}), "staging/shop");
    int left = 0;
    for (const std::string& size : cluster.Sizes()) left += std::stoi(size);
    EXPECT_EQ(left, 1) << "the marker alone";
    Fill(cluster, "cache:", 90);
  }
}

TEST(RedisClusterCases, PrefixesAreRemovedFromEveryMasterAlthoughAnUnlinkTakesOneSlotOnly) {
  RedisCluster cluster;
  ASSERT_THAT(cluster.node(0).Call({"UNLINK", "cache:1", "cache:2"}), HasSubstr("CROSSSLOT"));
  Fill(cluster, "cache:", 3000);
  Fill(cluster, "cache:{tag}:", 500);
  Fill(cluster, "keep:", 50);
  cluster.Call({"RPUSH", "cache:jobs", "1", "2", "3"});
  const RedisSpec spec = Spec(FlushMode::kPrefixes, {"cache:"});
  RedisCache cache = CacheAt(cluster.node(2).Url());
  const v1::CachePlan plan = cache.MakeSurvey(spec);
  EXPECT_EQ(plan.skipped(), "");
  EXPECT_THAT(plan.prefix_keys(), ElementsAre(3501));
  EXPECT_EQ(plan.queue_entries(), 1);
  EXPECT_EQ(plan.queue_jobs(), 3);
  auto flushed = cache.Flush(spec, nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 3501);
  EXPECT_EQ(flushed->detail, "scan and unlink on 3 masters");
  EXPECT_EQ(cache.MakeSurvey(spec).keys(), 0);
  EXPECT_EQ(cache.MakeSurvey(Spec(FlushMode::kDb)).keys(), 50);
}

TEST(RedisClusterTest, LogsInEverywhereAsTheSameUser) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 30);
  cluster.CallAll({"ACL", "SETUSER", "app", "on", ">s3cr3t", "~*", "+@all"});
  cluster.CallAll({"ACL", "SETUSER", "default", "resetpass", ">other"});
  RedisCache cache = CacheAt("redis://app:s3cr3t@" + cluster.Label(0));
  auto flushed = cache.Flush(Spec(FlushMode::kDb), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 30);
}

TEST(RedisClusterTest, IsTheSameCacheThroughWhicheverNode) {
  RedisCluster cluster;
  const std::string first = CacheAt(cluster.node(0).Url()).MakeSurvey(Spec({})).run_id();
  EXPECT_NE(first, "");
  EXPECT_EQ(CacheAt(cluster.node(2).Url()).MakeSurvey(Spec({})).run_id(), first);
}

TEST(RedisClusterTest, RefusesAMarkerThatNamesAnotherEnvironmentOnWhicheverNodeItIs) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 30);
  cluster.Call({"SET", kRedisMarkerKey, "production/shop"});
  for (int i = 0; i < 3; ++i) {
    RedisCache cache = CacheAt(cluster.node(i).Url());
    EXPECT_EQ(contract::ReasonOf(cache.CheckMarker()), v1::REASON_IDENTITY_CONFLICT);
    EXPECT_EQ(contract::ReasonOf(cache.Flush(Spec(FlushMode::kDb), nullptr).status()),
              v1::REASON_IDENTITY_CONFLICT);
  }
  EXPECT_THAT(cluster.Sizes(), Each(Ne("0")));
}

TEST(RedisClusterTest, AMasterThatCannotBeReachedIsNamedAndNothingIsFlushed) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 90);
  const std::vector<std::string> before = cluster.Sizes();
  cluster.node(2).Stop();
  RedisCache cache = CacheAt(cluster.node(0).Url());
  const auto names_it = AllOf(HasSubstr("slots 10922-16383"), HasSubstr(cluster.Label(2)));
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_THAT(plan.skipped(), names_it);
  EXPECT_FALSE(plan.reachable());
  for (const RedisSpec& spec : {Spec(FlushMode::kDb), Spec(FlushMode::kPrefixes, {"cache:"})}) {
    const absl::Status flushed = cache.Flush(spec, nullptr).status();
    EXPECT_EQ(contract::ReasonOf(flushed), v1::REASON_CACHE_UNREACHABLE);
    EXPECT_THAT(Message(flushed), names_it);
    EXPECT_THAT(Message(cache.CheckFlush(spec)), names_it);
  }
  EXPECT_EQ(cluster.node(0).Call({"DBSIZE"}), before[0]);
  EXPECT_EQ(cluster.node(1).Call({"DBSIZE"}), before[1]);
}

TEST(RedisClusterTest, AMasterThatStallsIsNamedAndNothingIsFlushed) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 90);
  const std::vector<std::string> before = cluster.Sizes();
  cluster.node(1).Stall();
  RedisCache cache = CacheAt(cluster.node(0).Url(), kShort);
  const absl::Status flushed = cache.Flush(Spec(FlushMode::kDb), nullptr).status();
  EXPECT_EQ(contract::ReasonOf(flushed), v1::REASON_CACHE_UNREACHABLE);
  EXPECT_THAT(Message(flushed), AllOf(HasSubstr("slots 5461-10921"), HasSubstr(cluster.Label(1)),
                                      HasSubstr("within 300ms")));
  EXPECT_EQ(cluster.node(0).Call({"DBSIZE"}), before[0]);
  EXPECT_EQ(cluster.node(2).Call({"DBSIZE"}), before[2]);
}

TEST(RedisClusterTest, SlotsWithoutAMasterAreNamedAndNothingIsFlushed) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 90);
  const std::vector<std::string> before = cluster.Sizes();
  cluster.node(0).Call({"CLUSTER", "DELSLOTSRANGE", "100", "199", "300", "300"});
  RedisCache cache = CacheAt(cluster.node(0).Url());
  EXPECT_THAT(cache.MakeSurvey(Spec(FlushMode::kDb)).skipped(),
              HasSubstr("has no master for slots 100-199, 300"));
  EXPECT_FALSE(cache.Flush(Spec(FlushMode::kDb), nullptr).ok());
  EXPECT_EQ(cluster.node(1).Call({"DBSIZE"}), before[1]);
}

// All masters are there, yet each holds the cluster for broken: the slot that node 0 gave up is still node 0's in the
// others' eyes.
TEST(RedisClusterTest, AClusterThatCallsItselfFailingIsNotFlushed) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 90);
  cluster.node(0).Call({"CLUSTER", "DELSLOTS", "100"});
  support::Await("node 0 to see it", [&] {
    return cluster.node(0).Call({"SET", "x", "1"}).find("DOWN") != std::string::npos;
  });
  RedisCache cache = CacheAt(cluster.node(1).Url());
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_THAT(plan.skipped(), AllOf(HasSubstr(cluster.Label(0)), HasSubstr("cluster_state:fail")));
  EXPECT_FALSE(cache.Flush(Spec(FlushMode::kDb), nullptr).ok());
  EXPECT_THAT(cluster.Sizes(), Each(Ne("0")));
}

TEST(RedisClusterTest, AReplicaLeadsToItsClusterAndIsNotFlushedItself) {
  RedisCluster cluster(3, 1);
  Fill(cluster, "cache:", 90);
  RedisCache cache = CacheAt(cluster.node(3).Url());
  const v1::CachePlan plan = cache.MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_EQ(plan.skipped(), "");
  EXPECT_EQ(plan.masters(), 3);
  EXPECT_EQ(plan.keys(), 90);
  auto flushed = cache.Flush(Spec(FlushMode::kDb), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 90);
}

TEST(RedisClusterTest, AfterAFailoverTheNewMasterIsFlushedAndItIsStillTheSameCache) {
  RedisCluster cluster(3, 1);
  Fill(cluster, "cache:", 90);
  RedisCache cache = CacheAt(cluster.node(1).Url());
  const std::string identity = cache.MakeSurvey(Spec({})).run_id();
  ASSERT_EQ(cluster.node(3).Call({"CLUSTER", "FAILOVER"}), "OK");
  support::Await("every node to know the new master", [&] {
    for (int i = 0; i < 4; ++i) {
      if (cluster.node(i).Call({"CLUSTER", "NODES"}).find(cluster.Id(3) + " " + cluster.Label(3)) ==
          std::string::npos) {
        return false;
      }
      const std::string slots = cluster.node(i).Call({"CLUSTER", "SLOTS"});
      if (slots.find("0\n5460\n127.0.0.1\n" + std::to_string(cluster.node(3).port())) != 0) {
        return false;
      }
    }
    return true;
  });
  EXPECT_EQ(cache.MakeSurvey(Spec(FlushMode::kDb)).keys(), 90);
  EXPECT_EQ(cache.MakeSurvey(Spec({})).run_id(), identity);
  auto flushed = cache.Flush(Spec(FlushMode::kDb), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 90);
}

TEST(RedisClusterTest, SlotsThatMoveDuringAPrefixDeletionAreAnErrorAndDoingItAgainIsNot) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 300);
  const RedisSpec spec = Spec(FlushMode::kPrefixes, {"cache:"});
  int slot = 0;  // of node 0, and empty
  while (cluster.node(0).Call({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)}) != "0") ++slot;
  RedisCache cache = CacheAt(cluster.node(0).Url());
  bool moved = false;
  const absl::Status flushed =
      cache
          .Flush(spec,
                 [&](int64_t, int64_t) {
                   if (moved) return;
                   moved = true;
                   cluster.CallAll(
                       {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", cluster.Id(1)});
                 })
          .status();
  ASSERT_TRUE(moved);
  EXPECT_EQ(contract::ReasonOf(flushed), v1::REASON_CACHE_ERROR);
  EXPECT_THAT(Message(flushed),
              AllOf(HasSubstr("moved slots"), HasSubstr("300 keys had been removed")));
  auto again = cache.Flush(spec, nullptr);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->keys_removed, 0);
}

TEST(RedisClusterTest, AsksClusterSlotsWhereShardsCannotBeAsked) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 90);
  cluster.CallAll({"ACL", "SETUSER", "app", "on", ">s3cr3t", "~*", "+@all", "-cluster|shards"});
  RedisCache cache = CacheAt("redis://app:s3cr3t@" + cluster.Label(1));
  EXPECT_EQ(cache.MakeSurvey(Spec(FlushMode::kDb)).masters(), 3);
  auto flushed = cache.Flush(Spec(FlushMode::kDb), nullptr);
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  EXPECT_EQ(flushed->keys_removed, 90);
}

// An ACL is each node's own.
TEST(RedisClusterTest, ARightThatOneMasterDoesNotGiveStopsTheFlushBeforeTheFirstMaster) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 90);
  const std::vector<std::string> before = cluster.Sizes();
  cluster.CallAll({"ACL", "SETUSER", "app", "on", ">s3cr3t", "~*", "+@all"});
  cluster.node(2).Call({"ACL", "SETUSER", "app", "-flushdb"});
  RedisCache cache = CacheAt("redis://app:s3cr3t@" + cluster.Label(0));
  const absl::Status flushed = cache.Flush(Spec(FlushMode::kDb), nullptr).status();
  EXPECT_THAT(Message(flushed), AllOf(HasSubstr(cluster.Label(2)), HasSubstr("run FLUSHDB"),
                                      HasSubstr("ACL SETUSER app +flushdb")));
  EXPECT_EQ(cluster.Sizes(), before);
}

// Where rights cannot be asked beforehand, the first master is flushed when the last one refuses: said, and no success.
TEST(RedisClusterTest, AFlushThatStopsHalfwayNamesTheMastersThatWereFlushed) {
  RedisCluster cluster;
  Fill(cluster, "cache:", 90);
  cluster.CallAll({"ACL", "SETUSER", "app", "on", ">s3cr3t", "~*", "+@all", "-acl"});
  cluster.node(2).Call({"ACL", "SETUSER", "app", "-flushdb"});
  RedisCache cache = CacheAt("redis://app:s3cr3t@" + cluster.Label(0));
  const absl::Status flushed = cache.Flush(Spec(FlushMode::kDb), nullptr).status();
  EXPECT_THAT(Message(flushed), AllOf(HasSubstr("ACL SETUSER app +flushdb"),
                                      HasSubstr("2 of 3 masters had been flushed: " +
                                                cluster.Label(0) + ", " + cluster.Label(1))));
  cluster.node(2).Call({"ACL", "SETUSER", "app", "+flushdb"});
  auto again = cache.Flush(Spec(FlushMode::kDb), nullptr);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(cluster.Sizes(), Not(Each(Ne("0"))));
}

TEST(RedisClusterTest, ADbOtherThanZeroIsRefusedWithItsReason) {
  RedisCluster cluster;
  const v1::CachePlan plan = CacheAt(cluster.node(0).Url(2)).MakeSurvey(Spec(FlushMode::kDb));
  EXPECT_THAT(plan.skipped(), HasSubstr("is a cluster: it has db 0 and no other"));
}

}  // namespace
}  // namespace resetctl::agent

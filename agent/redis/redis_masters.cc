#include "agent/redis/redis_masters.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// Each node has its own opinion: one that is cut off from the others says 'fail' alone.
absl::Status CheckClusterState(RedisConnection& redis) {
  absl::StatusOr<RedisReply> info = redis.Call({"CLUSTER", "INFO"});
  if (!info.ok()) return info.status();
  if (absl::StrContains(info->text, "cluster_state:ok")) return absl::OkStatus();
  return contract::Error(v1::REASON_CACHE_UNREACHABLE,
                         absl::StrCat("Redis at ", redis.server(),
                                      " says that its cluster fails (cluster_state:fail)"),
                         "see CLUSTER INFO and CLUSTER NODES there");
}

absl::Status NamingSlots(const absl::Status& status, const ClusterMaster& master) {
  v1::Problem problem = contract::ProblemOf(status);
  problem.set_message(absl::StrCat("the cluster's master of slots ", ToString(master.slots),
                                   " is not to be had: ", problem.message()));
  return contract::ErrorFrom(problem);
}

}  // namespace

absl::StatusOr<RedisMasters> RedisMasters::Open(const RedisAddress& address,
                                                const RedisTimeouts& timeouts) {
  absl::StatusOr<std::unique_ptr<RedisConnection>> entry = RedisConnection::Open(address, timeouts);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<RedisFacts> facts = AskFacts(**entry);
  if (!facts.ok()) return facts.status();
  return Find(*std::move(entry), *facts, address, timeouts);
}

absl::StatusOr<RedisMasters> RedisMasters::Find(std::unique_ptr<RedisConnection> entry,
                                                const RedisFacts& facts,
                                                const RedisAddress& address,
                                                const RedisTimeouts& timeouts) {
  RedisMasters masters(std::move(entry), address);
  if (!facts.cluster) {
    if (absl::Status writes = CheckTakesWrites(*masters.entry_, facts); !writes.ok()) return writes;
    masters.masters_.push_back({masters.entry_.get(), facts});
    return masters;
  }
  absl::StatusOr<ClusterTopology> topology = AskTopology(*masters.entry_, address);
  if (!topology.ok()) return topology.status();
  masters.topology_ = *std::move(topology);
  if (absl::Status all = masters.ConnectAll(timeouts); !all.ok()) return all;
  return masters;
}

absl::Status RedisMasters::ConnectAll(const RedisTimeouts& timeouts) {
  if (const auto uncovered = topology_->Uncovered(); !uncovered.empty()) {
    return contract::Error(v1::REASON_CACHE_UNREACHABLE,
                           absl::StrCat("the cluster of Redis at ", address_.Label(),
                                        " has no master for slots ", ToString(uncovered)),
                           "see CLUSTER INFO and CLUSTER NODES there");
  }
  for (const ClusterMaster& master : topology_->masters) {
    RedisAddress address = address_;
    address.socket.clear();
    address.host = master.host;
    address.port = master.port;
    absl::StatusOr<std::unique_ptr<RedisConnection>> redis =
        RedisConnection::Open(address, timeouts);
    if (!redis.ok()) return NamingSlots(redis.status(), master);
    absl::StatusOr<RedisFacts> facts = AskFacts(**redis);
    if (!facts.ok()) return NamingSlots(facts.status(), master);
    absl::Status usable = CheckTakesWrites(**redis, *facts);
    if (!usable.ok()) return NamingSlots(usable, master);
    masters_.push_back({redis->get(), *std::move(facts)});
    connections_.push_back(*std::move(redis));
  }
  for (const Master& master : masters_) {
    if (absl::Status state = CheckClusterState(*master.redis); !state.ok()) return state;
  }
  return absl::OkStatus();
}

std::string RedisMasters::Identity() const {
  return cluster() ? topology_->Identity() : masters_.front().facts.run_id;
}

std::map<int, int64_t> RedisMasters::KeysByDb() const {
  std::map<int, int64_t> keys;
  for (const Master& master : masters_) {
    for (const auto& [db, count] : master.facts.keys) keys[db] += count;
  }
  return keys;
}

int64_t RedisMasters::KeysInDb() const { return KeysByDb()[address_.db]; }

RedisConnection& RedisMasters::HolderOf(absl::string_view key) const {
  if (cluster()) {
    const int slot = KeySlot(key);
    for (size_t i = 0; i < topology_->masters.size(); ++i) {
      if (topology_->masters[i].Holds(slot)) return *masters_[i].redis;
    }
  }
  return *masters_.front().redis;
}

absl::Status RedisMasters::ForEach(
    absl::FunctionRef<absl::Status(RedisConnection& redis)> each) const {
  for (const Master& master : masters_) {
    if (absl::Status status = each(*master.redis); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RedisMasters::ForEachDb(
    absl::FunctionRef<absl::Status(RedisConnection& redis, int db)> each) const {
  if (cluster()) return ForEach([&](RedisConnection& redis) { return each(redis, 0); });
  RedisConnection& redis = *masters_.front().redis;
  for (const auto& [db, keys] : KeysByDb()) {
    if (auto selected = redis.Call({"SELECT", absl::StrCat(db)}); !selected.ok()) {
      return selected.status();
    }
    if (absl::Status status = each(redis, db); !status.ok()) return status;
  }
  return redis.Call({"SELECT", absl::StrCat(address_.db)}).status();
}

// Every master is asked: the two that moved a slot between them know first.
absl::Status RedisMasters::CheckNothingMoved() {
  if (!cluster()) return absl::OkStatus();
  for (const Master& master : masters_) {
    absl::StatusOr<ClusterTopology> now = AskTopology(*master.redis, address_);
    if (!now.ok()) return now.status();
    if (now->SameSlots(*topology_)) continue;
    return contract::Error(
        v1::REASON_CACHE_ERROR,
        absl::StrCat("the cluster of Redis at ", address_.Label(),
                     " moved slots or failed over meanwhile, keys may have been missed"),
        "wait until the cluster is at rest, then try again");
  }
  return absl::OkStatus();
}

}  // namespace resetctl::agent

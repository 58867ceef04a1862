#ifndef RESETCTL_AGENT_REDIS_REDIS_MASTERS_H_
#define RESETCTL_AGENT_REDIS_REDIS_MASTERS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/redis/cluster_topology.h"
#include "agent/redis/redis_connection.h"
#include "agent/redis/redis_facts.h"

namespace resetctl::agent {

// The servers that hold a cache's keys: one, or every master of a cluster, each with its own connection as the same user.
class RedisMasters {
 public:
  struct Master {
    RedisConnection* redis = nullptr;
    RedisFacts facts;
  };

  // What `entry`, which `address` led to, is part of; takes it over. When it returns, every master has been reached, takes
  // writes and, in a cluster, sees all slots served: whoever goes on may change something. The error names the server, the
  // slots, or both. CACHE_UNREACHABLE, CACHE_ERROR.
  static absl::StatusOr<RedisMasters> Find(std::unique_ptr<RedisConnection> entry,
                                           const RedisFacts& facts, const RedisAddress& address,
                                           const RedisTimeouts& timeouts);
  // The same, from the connection on.
  static absl::StatusOr<RedisMasters> Open(const RedisAddress& address,
                                           const RedisTimeouts& timeouts);

  bool cluster() const { return topology_.has_value(); }
  // Of the server's process, or of the cluster: what a plan calls run_id.
  std::string Identity() const;
  const std::vector<Master>& all() const { return masters_; }
  // As INFO told when the master was found, of all masters: in the db of the URL, and in each db.
  int64_t KeysInDb() const;
  std::map<int, int64_t> KeysByDb() const;
  int db() const { return address_.db; }
  // Where a key of this name lives.
  RedisConnection& HolderOf(absl::string_view key) const;

  // `each` with every master in turn, in the db of the URL.
  absl::Status ForEach(absl::FunctionRef<absl::Status(RedisConnection& redis)> each) const;
  // The same for every db that holds keys; an error leaves the connection in that db. A cluster has db 0 alone.
  absl::Status ForEachDb(
      absl::FunctionRef<absl::Status(RedisConnection& redis, int db)> each) const;

  // That no slot has moved since Find(): a key that moved from a master not yet scanned to one already scanned was missed.
  absl::Status CheckNothingMoved();

 private:
  RedisMasters(std::unique_ptr<RedisConnection> entry, const RedisAddress& address)
      : address_(address), entry_(std::move(entry)) {}
  absl::Status ConnectAll(const RedisTimeouts& timeouts);

  RedisAddress address_;
  std::unique_ptr<RedisConnection> entry_;
  std::optional<ClusterTopology> topology_;
  std::vector<std::unique_ptr<RedisConnection>> connections_;  // of a cluster, as in topology_
  std::vector<Master> masters_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_MASTERS_H_

#ifndef RESETCTL_AGENT_REDIS_CLUSTER_TOPOLOGY_H_
#define RESETCTL_AGENT_REDIS_CLUSTER_TOPOLOGY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/redis/redis_connection.h"
#include "agent/redis/redis_url.h"

namespace resetctl::agent {

inline constexpr int kClusterSlots = 16384;

// The slot of a key: CRC16 (XMODEM) of the key, or of its hash tag, modulo 16384
// (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/, "Key distribution model").
int KeySlot(absl::string_view key);

struct SlotRange {
  int first = 0;
  int last = 0;
  bool operator==(const SlotRange&) const = default;
};
std::string ToString(const std::vector<SlotRange>& ranges);  // '0-5460, 5462'

// A master that holds slots. One without any holds no keys, and is none of ours.
struct ClusterMaster {
  std::string id;
  std::string host;
  int port = 0;
  std::vector<SlotRange> slots;
  bool Holds(int slot) const;
};

struct ClusterTopology {
  std::vector<ClusterMaster> masters;  // by their first slot
  std::vector<std::string> node_ids;   // of all nodes, replicas too; sorted
  std::vector<SlotRange> Uncovered() const;
  bool SameSlots(const ClusterTopology& other) const;  // held by the same masters
  // Of the cluster, whichever node answers and whoever is master now: a digest of the node ids.
  std::string Identity() const;
};

// Asks `redis`, which `address` led to, by CLUSTER SHARDS (7.0 and newer) or CLUSTER SLOTS. A node that does not know its own
// address gets that of `address`, as the command's description says.
absl::StatusOr<ClusterTopology> AskTopology(RedisConnection& redis, const RedisAddress& address);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_CLUSTER_TOPOLOGY_H_

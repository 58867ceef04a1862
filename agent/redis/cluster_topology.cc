#include "agent/redis/cluster_topology.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr std::array<uint16_t, 256> MakeCrcTable() {
  std::array<uint16_t, 256> table{};
  for (int byte = 0; byte < 256; ++byte) {
    int crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
    table[byte] = static_cast<uint16_t>(crc);
  }
  return table;
}

uint16_t Crc16(absl::string_view text) {
  static constexpr std::array<uint16_t, 256> kTable = MakeCrcTable();
  uint16_t crc = 0;
  for (const char c : text) {
    crc = static_cast<uint16_t>((crc << 8) ^ kTable[((crc >> 8) ^ static_cast<uint8_t>(c)) & 0xff]);
  }
  return crc;
}

// A list of names and values in turn, as RESP2 writes a map.
std::map<std::string, RedisReply> AsMap(const RedisReply& reply) {
  std::map<std::string, RedisReply> map;
  for (size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    map[reply.elements[i].text] = reply.elements[i + 1];
  }
  return map;
}

std::string HostOr(const RedisReply& host, const RedisAddress& asked) {
  if (!host.text.empty() && host.text != "?") return host.text;
  return asked.host.empty() ? "127.0.0.1" : asked.host;
}

void AddShard(const RedisReply& reply, const RedisAddress& asked, ClusterTopology* topology) {
  std::map<std::string, RedisReply> shard = AsMap(reply);
  ClusterMaster master;
  const std::vector<RedisReply>& slots = shard["slots"].elements;
  for (size_t i = 0; i + 1 < slots.size(); i += 2) {
    master.slots.push_back(
        {static_cast<int>(slots[i].number), static_cast<int>(slots[i + 1].number)});
  }
  bool online = false;
  for (const RedisReply& each : shard["nodes"].elements) {
    std::map<std::string, RedisReply> node = AsMap(each);
    topology->node_ids.push_back(node["id"].text);
    // After a failover the old master stays in its shard, as one that failed.
    if (node["role"].text != "master" || online) continue;
    online = node["health"].text == "online";
    master.id = node["id"].text;
    master.host = HostOr(node["endpoint"], asked);
    master.port = static_cast<int>(node["port"].number);
  }
  if (!master.slots.empty()) topology->masters.push_back(std::move(master));
}

void AddSlots(const RedisReply& reply, const RedisAddress& asked, ClusterTopology* topology) {
  if (reply.elements.size() < 3) return;
  for (size_t i = 2; i < reply.elements.size(); ++i) {
    const std::vector<RedisReply>& node = reply.elements[i].elements;
    if (node.size() > 2) topology->node_ids.push_back(node[2].text);
  }
  const std::vector<RedisReply>& node = reply.elements[2].elements;
  if (node.size() < 3) return;
  std::vector<ClusterMaster>& masters = topology->masters;
  auto master = std::find_if(masters.begin(), masters.end(),
                             [&](const ClusterMaster& each) { return each.id == node[2].text; });
  if (master == masters.end()) {
    masters.push_back({node[2].text, HostOr(node[0], asked), static_cast<int>(node[1].number), {}});
    master = masters.end() - 1;
  }
  master->slots.push_back(
      {static_cast<int>(reply.elements[0].number), static_cast<int>(reply.elements[1].number)});
}

void Sort(ClusterTopology* topology) {
  const auto by_first = [](const SlotRange& a, const SlotRange& b) { return a.first < b.first; };
  for (ClusterMaster& master : topology->masters) {
    std::sort(master.slots.begin(), master.slots.end(), by_first);
  }
  std::sort(topology->masters.begin(), topology->masters.end(),
            [&](const ClusterMaster& a, const ClusterMaster& b) {
              return by_first(a.slots.front(), b.slots.front());
            });
  std::vector<std::string>& ids = topology->node_ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace

int KeySlot(absl::string_view key) {
  if (const size_t open = key.find('{'); open != absl::string_view::npos) {
    const size_t close = key.find('}', open + 1);
    if (close != absl::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  return Crc16(key) % kClusterSlots;
}

std::string ToString(const std::vector<SlotRange>& ranges) {
  return absl::StrJoin(ranges, ", ", [](std::string* out, const SlotRange& range) {
    absl::StrAppend(out, range.first);
    if (range.last != range.first) absl::StrAppend(out, "-", range.last);
  });
}

bool ClusterMaster::Holds(int slot) const {
  return std::any_of(slots.begin(), slots.end(), [slot](const SlotRange& range) {
    return range.first <= slot && slot <= range.last;
  });
}

std::vector<SlotRange> ClusterTopology::Uncovered() const {
  std::vector<SlotRange> held;
  for (const ClusterMaster& master : masters) {
    held.insert(held.end(), master.slots.begin(), master.slots.end());
  }
  std::sort(held.begin(), held.end(),
            [](const SlotRange& a, const SlotRange& b) { return a.first < b.first; });
  held.push_back({kClusterSlots, kClusterSlots});
  std::vector<SlotRange> uncovered;
  int next = 0;
  for (const SlotRange& range : held) {
    if (range.first > next) uncovered.push_back({next, range.first - 1});
    next = std::max(next, range.last + 1);
  }
  return uncovered;
}

bool ClusterTopology::SameSlots(const ClusterTopology& other) const {
  return std::equal(masters.begin(), masters.end(), other.masters.begin(), other.masters.end(),
                    [](const ClusterMaster& a, const ClusterMaster& b) {
                      return a.id == b.id && a.slots == b.slots;
                    });
}

std::string ClusterTopology::Identity() const {
  return contract::Digest(absl::StrJoin(node_ids, "\n"));
}

absl::StatusOr<ClusterTopology> AskTopology(RedisConnection& redis, const RedisAddress& address) {
  ClusterTopology topology;
  absl::StatusOr<RedisReply> shards = redis.Call({"CLUSTER", "SHARDS"});
  if (shards.ok()) {
    for (const RedisReply& shard : shards->elements) AddShard(shard, address, &topology);
  } else {
    if (contract::ReasonOf(shards.status()) != v1::REASON_CACHE_ERROR) return shards.status();
    absl::StatusOr<RedisReply> slots = redis.Call({"CLUSTER", "SLOTS"});  // Redis 6
    if (!slots.ok()) return slots.status();
    for (const RedisReply& range : slots->elements) AddSlots(range, address, &topology);
  }
  Sort(&topology);
  return topology;
}

}  // namespace resetctl::agent

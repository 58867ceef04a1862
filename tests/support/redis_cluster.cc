#include "tests/support/redis_cluster.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tests/support/await.h"
#include "tests/support/free_port.h"

namespace resetctl::support {
namespace {

constexpr int kSlots = 16384;

bool Holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

RedisCluster::RedisCluster(int masters, int replicas) : masters_(masters) {
  char directory[] = "/tmp/resetctl-cluster-XXXXXX";
  if (mkdtemp(directory) == nullptr) throw std::runtime_error("no folder for a Redis cluster");
  directory_ = directory;
  for (int i = 0; i < masters + replicas; ++i) nodes_.push_back(StartNode(i));
  Join();
}

RedisCluster::~RedisCluster() {
  nodes_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::unique_ptr<RedisServer> RedisCluster::StartNode(int i) {
  // By default the bus listens on the port + 10000, which may be taken, or no port at all.
  return std::make_unique<RedisServer>(std::vector<std::string>{
      "--cluster-enabled", "yes", "--cluster-port", std::to_string(FreePort()),
      "--cluster-config-file", directory_ + "/nodes-" + std::to_string(i) + ".conf",
      "--cluster-node-timeout", "5000"});
}

void RedisCluster::Join() {
  for (int i = 0; i < size(); ++i) {
    node(i).Call({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
    if (i >= masters_) continue;
    node(i).Call({"CLUSTER", "ADDSLOTSRANGE", std::to_string(kSlots * i / masters_),
                  std::to_string(kSlots * (i + 1) / masters_ - 1)});
  }
  for (int i = 1; i < size(); ++i) {
    const std::string bus = node(i).Call({"CONFIG", "GET", "cluster-port"});
    node(0).Call({"CLUSTER", "MEET", "127.0.0.1", std::to_string(node(i).port()),
                  bus.substr(bus.find('\n') + 1, bus.rfind('\n') - bus.find('\n') - 1)});
  }
  for (int i = 0; i < size(); ++i) {
    Await("a node of the Redis cluster", [&] {
      const std::string info = node(i).Call({"CLUSTER", "INFO"});
      return Holds(info, "cluster_state:ok") &&
             Holds(info, "cluster_known_nodes:" + std::to_string(size()));
    });
    if (i < masters_) continue;
    node(i).Call({"CLUSTER", "REPLICATE", Id(0)});
    Await("a replica of the Redis cluster",
          [&] { return Holds(node(i).Call({"INFO"}), "master_link_status:up"); });
  }
}

std::string RedisCluster::Label(int i) const {
  return "127.0.0.1:" + std::to_string(nodes_[i]->port());
}

std::string RedisCluster::Id(int i) { return node(i).Call({"CLUSTER", "MYID"}); }

RedisServer& RedisCluster::HolderOf(const std::string& key) {
  const int slot = std::stoi(node(0).Call({"CLUSTER", "KEYSLOT", key}));
  int i = 0;
  while (slot >= kSlots * (i + 1) / masters_) ++i;
  return node(i);
}

std::string RedisCluster::Call(const std::vector<std::string>& arguments) {
  return HolderOf(arguments.at(1)).Call(arguments);
}

void RedisCluster::CallAll(const std::vector<std::string>& arguments) {
  for (auto& each : nodes_) each->Call(arguments);
}

std::vector<std::string> RedisCluster::Sizes() {
  std::vector<std::string> sizes;
  for (int i = 0; i < masters_; ++i) sizes.push_back(node(i).Call({"DBSIZE"}));
  return sizes;
}

}  // namespace resetctl::support

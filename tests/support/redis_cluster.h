#ifndef RESETCTL_TESTS_SUPPORT_REDIS_CLUSTER_H_
#define RESETCTL_TESTS_SUPPORT_REDIS_CLUSTER_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/support/redis_server.h"

namespace resetctl::support {

// A real Redis cluster of our own on loopback: masters that share the slots equally, and replicas of the first one. When it
// is made, every node says cluster_state:ok. A cluster that does not come up throws std::runtime_error.
class RedisCluster {
 public:
  explicit RedisCluster(int masters = 3, int replicas = 0);
  ~RedisCluster();
  RedisCluster(const RedisCluster&) = delete;
  RedisCluster& operator=(const RedisCluster&) = delete;

  int size() const { return static_cast<int>(nodes_.size()); }
  RedisServer& node(int i) { return *nodes_[i]; }  // masters first, by their slots
  std::string Label(int i) const;                  // 127.0.0.1:port
  std::string Id(int i);                           // CLUSTER MYID

  RedisServer& HolderOf(const std::string& key);
  // Where the key, the second argument, lives.
  std::string Call(const std::vector<std::string>& arguments);
  void CallAll(const std::vector<std::string>& arguments);
  std::vector<std::string> Sizes();  // DBSIZE of each master

 private:
  std::unique_ptr<RedisServer> StartNode(int i);
  void Join();

  const int masters_;
  std::string directory_;
  std::vector<std::unique_ptr<RedisServer>> nodes_;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_REDIS_CLUSTER_H_

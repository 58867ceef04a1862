#ifndef RESETCTL_TESTS_AGENT_REDIS_FIXTURES_H_
#define RESETCTL_TESTS_AGENT_REDIS_FIXTURES_H_

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "agent/redis/redis_cache.h"
#include "proto/contract/reasons.h"
#include "tests/support/redis_server.h"

namespace resetctl::agent {

// For tests in which a server stalls.
inline constexpr RedisTimeouts kShort{absl::Milliseconds(300), absl::Milliseconds(300)};

// The cache of staging/shop.
inline RedisCache CacheAt(const std::string& url, RedisTimeouts timeouts = {}) {
  return RedisCache(base::Secret(url), "staging", "shop", timeouts);
}

inline contract::RedisSpec Spec(contract::FlushMode mode, std::vector<std::string> prefixes = {}) {
  contract::RedisSpec spec;
  spec.flush = mode;
  spec.prefixes = std::move(prefixes);
  return spec;
}

// prefix1 to prefixN.
inline void Fill(support::RedisServer& redis, const std::string& prefix, int count) {
  redis.Call({"EVAL", "for i = 1, ARGV[2] do redis.call('SET', ARGV[1] .. i, 'x') end", "0", prefix,
              std::to_string(count)});
}

inline std::string Message(const absl::Status& status) {
  return contract::ProblemOf(status).message();
}

// Where a server keeps its files.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/resetctl-redis-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_TESTS_AGENT_REDIS_FIXTURES_H_

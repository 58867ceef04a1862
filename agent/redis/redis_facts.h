#ifndef RESETCTL_AGENT_REDIS_REDIS_FACTS_H_
#define RESETCTL_AGENT_REDIS_REDIS_FACTS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/redis/redis_connection.h"

namespace resetctl::agent {

// What INFO tells, as far as a reset cares. Absent fields stay empty: providers leave some out.
struct RedisFacts {
  std::string run_id;   // new at each start of the server
  std::string version;  // 'Redis 7.0.15', 'Valkey 8.1.0'
  bool cluster = false;
  bool loading = false;
  bool replica = false;
  std::string primary;  // of a replica, 'host:port'
  bool append_only = false;
  std::map<int, int64_t> keys;  // of each db that holds any
};

RedisFacts ParseInfo(absl::string_view info);
absl::StatusOr<RedisFacts> AskFacts(RedisConnection& redis);

// Whether this server takes writes: it is no replica and has loaded its data. CACHE_ERROR, CACHE_UNREACHABLE.
absl::Status CheckTakesWrites(const RedisConnection& redis, const RedisFacts& facts);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_FACTS_H_

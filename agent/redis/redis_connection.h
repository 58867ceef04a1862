#ifndef RESETCTL_AGENT_REDIS_REDIS_CONNECTION_H_
#define RESETCTL_AGENT_REDIS_REDIS_CONNECTION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/redis/redis_cache.h"

struct redisContext;
struct redisReply;

namespace resetctl::agent {

// A reply, as far as we need one: a text or status, a number, or a list.
struct RedisReply {
  std::string text;
  int64_t number = 0;
  bool nil = false;
  std::vector<RedisReply> elements;
};

// One authenticated connection to one db. Not thread-safe. Errors: CACHE_UNREACHABLE when the
// connection fails or breaks, CACHE_ERROR when the server says no (its first line, which never
// holds a password).
class RedisConnection {
 public:
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Open(const RedisAddress& address);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  absl::StatusOr<RedisReply> Call(const std::vector<std::string>& arguments);
  // Queued now, answered by Collect() in order.
  absl::Status Queue(const std::vector<std::string>& arguments);
  absl::StatusOr<RedisReply> Collect();

  // 'run_id', 'redis_version', 'role', 'cluster_enabled', ... of INFO.
  absl::StatusOr<std::map<std::string, std::string>> Info();

  // Calls `each` with every batch of keys of a full SCAN; `type` empty for all types. A key may
  // come twice, as SCAN says.
  absl::Status Scan(absl::string_view type,
                    const std::function<absl::Status(std::vector<std::string> keys)>& each);

 private:
  explicit RedisConnection(redisContext* context) : context_(context) {}
  absl::Status Broken(absl::string_view doing) const;
  absl::StatusOr<RedisReply> Take(redisReply* reply);

  redisContext* context_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_CONNECTION_H_

#ifndef RESETCTL_AGENT_REDIS_REDIS_CACHE_H_
#define RESETCTL_AGENT_REDIS_REDIS_CACHE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/service/ports.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// redis://[user[:password]@]host[:port][/db], unix://[user[:password]@]/path[?db=N]; rediss:// is
// refused with a reason, as Debian's hiredis has no TLS. No message quotes any part of the URL but
// host, port and db.
struct RedisAddress {
  std::string host;  // empty for a socket
  int port = 6379;
  std::string socket;
  std::string user;
  base::Secret password;
  int db = 0;
  std::string Label() const;  // 'host:port' or the socket's path
};
absl::StatusOr<RedisAddress> ParseRedisUrl(const base::Secret& url);

// The target's Redis, over hiredis. Connects for each call; a cache is asked seldom and must not
// keep a connection open for days. Facts behind the choices: POSTGRES.md "Redis".
class RedisCache : public TargetCache {
 public:
  // An empty `url` means that no cache is configured; the plan says so and nothing is ever flushed.
  RedisCache(base::Secret url, std::string environment, std::string target);

  v1::CachePlan MakeSurvey(const contract::RedisSpec& spec) override;
  absl::Status CheckMarker() override;
  absl::StatusOr<FlushResult> Flush(
      const contract::RedisSpec& spec,
      std::function<void(int64_t done, int64_t total)> progress) override;

 private:
  std::string Marker() const;  // 'environment/target'

  const base::Secret url_;
  const std::string environment_;
  const std::string target_;
};

inline constexpr char kRedisMarkerKey[] = "resetctl:target";

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_CACHE_H_

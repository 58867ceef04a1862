#ifndef RESETCTL_AGENT_REDIS_REDIS_CACHE_H_
#define RESETCTL_AGENT_REDIS_REDIS_CACHE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/redis/redis_connection.h"
#include "agent/redis/redis_masters.h"
#include "agent/service/ports.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// The target's Redis (or Valkey), standalone or a cluster, over hiredis. Connects for each call; a cache is asked seldom and
// must not keep a connection open for days. Facts behind the choices: POSTGRES.md "Redis".
class RedisCache : public TargetCache {
 public:
  // An empty `url` means that no cache is configured; the plan says so and nothing is ever flushed.
  RedisCache(base::Secret url, std::string environment, std::string target,
             RedisTimeouts timeouts = {});

  v1::CachePlan MakeSurvey(const contract::RedisSpec& spec) override;
  absl::Status CheckMarker() override;
  absl::Status Rebind() override;
  absl::Status CheckFlush(const contract::RedisSpec& spec) override;
  absl::StatusOr<FlushResult> Flush(
      const contract::RedisSpec& spec,
      std::function<void(int64_t done, int64_t total)> progress) override;

 private:
  std::string Marker() const;  // 'environment/target'
  absl::StatusOr<RedisMasters> Open() const;
  absl::Status Survey(const contract::RedisSpec& spec, const RedisAddress& address,
                      v1::CachePlan* plan) const;
  // Everything that a flush asks for before it changes anything.
  absl::Status CheckReady(const RedisMasters& masters, const contract::RedisSpec& spec) const;

  const base::Secret url_;
  const std::string environment_;
  const std::string target_;
  const RedisTimeouts timeouts_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_CACHE_H_

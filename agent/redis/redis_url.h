#ifndef RESETCTL_AGENT_REDIS_REDIS_URL_H_
#define RESETCTL_AGENT_REDIS_REDIS_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// Where a Redis is and who logs in there.
struct RedisAddress {
  std::string host;  // empty for a socket
  int port = 6379;
  std::string socket;
  std::string user;  // empty: 'default'
  base::Secret password;
  int db = 0;
  std::string Label() const;  // 'host:port' or the socket's path
};

// redis://[user[:password]@]host[:port][/db], unix://[user[:password]@]/path[?db=N]; rediss:// is
// refused with a reason, as Debian's hiredis has no TLS. No message quotes any part of the URL but
// host, port and db. CACHE_URL_INVALID.
absl::StatusOr<RedisAddress> ParseRedisUrl(const base::Secret& url);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_URL_H_

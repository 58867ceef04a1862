#ifndef RESETCTL_AGENT_REDIS_REDIS_REFUSAL_H_
#define RESETCTL_AGENT_REDIS_REDIS_REFUSAL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace resetctl::agent {

// What a server refused, and to whom.
struct RedisRequest {
  absl::string_view server;   // 'host:port'
  absl::string_view user;     // as the server's ACL calls it
  absl::string_view command;  // 'FLUSHDB', 'CLUSTER SHARDS'
};

// One clear sentence for an error reply (https://redis.io/docs/latest/develop/reference/protocol-spec/, "Simple errors": the
// first word is the kind). A NOPERM names the command and the ACL rule that would allow it. What the server says is quoted
// only where it cannot hold our arguments: an unknown command is answered with them, AUTH's password too.
//
// CACHE_UNREACHABLE for what passes by itself (LOADING, CLUSTERDOWN, MASTERDOWN, BUSY), CACHE_ERROR for the rest.
absl::Status Refusal(const RedisRequest& request, absl::string_view reply);

// 'ACL SETUSER app +config|get', the rule for one command of one user.
std::string AclRuleFor(absl::string_view command);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_REFUSAL_H_

#ifndef RESETCTL_AGENT_REDIS_REDIS_RIGHTS_H_
#define RESETCTL_AGENT_REDIS_REDIS_RIGHTS_H_

#include "absl/status/status.h"
#include "agent/redis/redis_masters.h"
#include "proto/contract/blueprint.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// Whether the URL's user may run what a flush of `spec` needs, on every master, for an ACL is each node's own: by COMMAND INFO
// (a command may be disabled or renamed) and ACL DRYRUN (7.0 and newer). Where the user may not ask, nothing is said:
// the flush will. CACHE_ERROR names the commands and the ACL rule that adds them; CACHE_UNREACHABLE.
absl::Status CheckRights(const RedisMasters& masters, const contract::RedisSpec& spec);

// FLUSHDB and FLUSHALL ask for no key: a user who may touch some keys alone empties all of them. A warning in `plan` where ACL
// GETUSER may be asked.
void WarnOfKeyPatterns(const RedisMasters& masters, const contract::RedisSpec& spec,
                       v1::CachePlan* plan);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_RIGHTS_H_

#ifndef RESETCTL_AGENT_REDIS_PREFIX_REMOVAL_H_
#define RESETCTL_AGENT_REDIS_PREFIX_REMOVAL_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "agent/redis/key_prefixes.h"
#include "agent/redis/redis_masters.h"

namespace resetctl::agent {

// Unlinks every key with one of `prefixes` on every master. A page of SCAN asks for the next one at once, and its own keys are
// unlinked while that one is on its way: one round trip a page, and no command that keeps other clients waiting.
//
// `*removed` counts what Redis has confirmed, also when an error is returned; doing it again removes the rest. After an error
// the connections are of no use any more. `progress` (keys looked at, keys there) is told at each further percent.
absl::Status RemovePrefixes(RedisMasters& masters, const KeyPrefixes& prefixes,
                            const std::function<void(int64_t done, int64_t total)>& progress,
                            int64_t* removed);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_PREFIX_REMOVAL_H_

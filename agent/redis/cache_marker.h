#ifndef RESETCTL_AGENT_REDIS_CACHE_MARKER_H_
#define RESETCTL_AGENT_REDIS_CACHE_MARKER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/redis/redis_masters.h"

namespace resetctl::agent {

// The key resetctl:target says whose a db is: 'environment/target'. In a cluster it lives where its slot lives. Beside what a
// connection can fail with: IDENTITY_CONFLICT when a db is not `own`.

// Empty when there is none.
absl::StatusOr<std::string> ReadMarker(const RedisMasters& masters);
absl::Status CheckMarker(const RedisMasters& masters, const std::string& own);
// FLUSHALL empties the other dbs of the server too: none of them may be another target's.
absl::Status CheckMarkersOfAllDbs(const RedisMasters& masters, const std::string& own);
absl::Status WriteMarker(const RedisMasters& masters, const std::string& own);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_CACHE_MARKER_H_

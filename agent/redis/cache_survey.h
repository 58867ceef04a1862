#ifndef RESETCTL_AGENT_REDIS_CACHE_SURVEY_H_
#define RESETCTL_AGENT_REDIS_CACHE_SURVEY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/redis/redis_masters.h"
#include "proto/contract/blueprint.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// What a flush of `spec` would remove, into `plan`: keys, keys of each prefix, queue entries and the jobs in them, and the
// warnings that people should read before they approve. Never KEYS, never a page that stalls other clients.
//
// What a flush does not need may fail, for a right that the user lacks, and then a warning says what is not known.
// An error is one that the flush would run into as well.
absl::Status SurveyKeys(const RedisMasters& masters, const contract::RedisSpec& spec,
                        v1::CachePlan* plan);

// Keys that FLUSHDB or FLUSHALL removes, without the marker of our db.
absl::StatusOr<int64_t> KeysToFlush(const RedisMasters& masters, contract::FlushMode mode);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_CACHE_SURVEY_H_

#ifndef RESETCTL_AGENT_REDIS_REDIS_SCAN_H_
#define RESETCTL_AGENT_REDIS_REDIS_SCAN_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/redis/redis_connection.h"

namespace resetctl::agent {

// 10000 stalls other clients for 16 ms and is slower (POSTGRES.md "Redis").
inline constexpr int kScanCount = 1000;

struct ScanFilter {
  std::string glob;  // empty: every key
  std::string type;  // empty: every type
};

// The keys point into the reply.
struct ScanPage {
  std::string cursor;  // "0" after the last page
  std::vector<absl::string_view> keys;
  RawReply reply;
};

// One page of about kScanCount keys, of which the filter leaves some or none. A key may come twice, and one
// that is there all the time comes at least once, as SCAN guarantees.
void QueueScan(RedisConnection& redis, absl::string_view cursor, const ScanFilter& filter);
absl::StatusOr<ScanPage> CollectScan(RedisConnection& redis);

// Every page of a db, in turn. `each` may use the connection.
absl::Status ScanAll(RedisConnection& redis, const ScanFilter& filter,
                     absl::FunctionRef<absl::Status(const ScanPage& page)> each);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_SCAN_H_

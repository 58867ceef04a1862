#include "agent/redis/redis_scan.h"

#include <utility>

#include <hiredis/hiredis.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

void QueueScan(RedisConnection& redis, absl::string_view cursor, const ScanFilter& filter) {
  const std::string count = absl::StrCat(kScanCount);
  std::vector<absl::string_view> command = {"SCAN", cursor, "COUNT", count};
  if (!filter.glob.empty()) command.insert(command.end(), {"MATCH", filter.glob});
  if (!filter.type.empty()) command.insert(command.end(), {"TYPE", filter.type});
  redis.Queue(command);
}

absl::StatusOr<ScanPage> CollectScan(RedisConnection& redis) {
  absl::StatusOr<RawReply> reply = redis.CollectRaw("SCAN");
  if (!reply.ok()) return reply.status();
  const redisReply& scan = **reply;
  if (scan.elements != 2 || scan.element[0]->str == nullptr) {
    return contract::Error(v1::REASON_CACHE_ERROR, "Redis answered SCAN with something else");
  }
  ScanPage page;
  page.cursor.assign(scan.element[0]->str, scan.element[0]->len);
  const redisReply& keys = *scan.element[1];
  page.keys.reserve(keys.elements);
  for (size_t i = 0; i < keys.elements; ++i) {
    page.keys.emplace_back(keys.element[i]->str, keys.element[i]->len);
  }
  page.reply = *std::move(reply);
  return page;
}

absl::Status ScanAll(RedisConnection& redis, const ScanFilter& filter,
                     absl::FunctionRef<absl::Status(const ScanPage& page)> each) {
  std::string cursor = "0";
  do {
    QueueScan(redis, cursor, filter);
    absl::StatusOr<ScanPage> page = CollectScan(redis);
    if (!page.ok()) return page.status();
    if (absl::Status status = each(*page); !status.ok()) return status;
    cursor = std::move(page->cursor);
  } while (cursor != "0");
  return absl::OkStatus();
}

}  // namespace resetctl::agent

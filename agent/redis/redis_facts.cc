#include "agent/redis/redis_facts.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "agent/redis/redis_refusal.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

RedisFacts ParseInfo(absl::string_view info) {
  std::map<std::string, std::string> lines;
  RedisFacts facts;
  for (const absl::string_view line : absl::StrSplit(info, "\r\n")) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;
    absl::string_view name = line.substr(0, colon);
    absl::string_view value = line.substr(colon + 1);
    lines[base::Str(name)] = base::ToValidUtf8(value);
    int db = 0;
    int64_t keys = 0;
    if (absl::ConsumePrefix(&name, "db") && absl::SimpleAtoi(name, &db) &&
        absl::ConsumePrefix(&value, "keys=") &&
        absl::SimpleAtoi(value.substr(0, value.find(',')), &keys)) {
      facts.keys[db] = keys;
    }
  }
  facts.run_id = lines["run_id"];
  // Valkey tells a redis_version too, that of the Redis which it is compatible with.
  facts.version = !lines["valkey_version"].empty()
                      ? absl::StrCat("Valkey ", lines["valkey_version"])
                      : absl::StrCat("Redis ", lines["redis_version"]);
  facts.cluster = lines["cluster_enabled"] == "1";
  facts.loading = lines["loading"] == "1";
  facts.replica = lines["role"] == "slave" || lines["role"] == "replica";
  if (facts.replica) facts.primary = absl::StrCat(lines["master_host"], ":", lines["master_port"]);
  facts.append_only = lines["aof_enabled"] == "1";
  return facts;
}

absl::StatusOr<RedisFacts> AskFacts(RedisConnection& redis) {
  absl::StatusOr<RedisReply> info = redis.Call({"INFO"});
  if (!info.ok()) return info.status();
  return ParseInfo(info->text);
}

absl::Status CheckTakesWrites(const RedisConnection& redis, const RedisFacts& facts) {
  if (facts.loading) return Refusal({redis.server(), redis.user(), "INFO"}, "LOADING");
  if (!facts.replica) return absl::OkStatus();
  return contract::Error(
      v1::REASON_CACHE_ERROR,
      absl::StrCat("Redis at ", redis.server(), " is a read-only replica of ", facts.primary),
      "name the primary in REDIS_URL, or wait until the failover is over");
}

}  // namespace resetctl::agent

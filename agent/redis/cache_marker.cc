#include "agent/redis/cache_marker.h"

#include "absl/strings/str_cat.h"
#include "agent/redis/key_prefixes.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// Which key a refusal is about: of all keys, this one may be told.
absl::Status NamingMarker(const absl::Status& status) {
  if (contract::ReasonOf(status) != v1::REASON_CACHE_ERROR) return status;
  v1::Problem problem = contract::ProblemOf(status);
  problem.set_message(absl::StrCat(problem.message(), " (the key is ", kRedisMarkerKey, ")"));
  return contract::ErrorFrom(problem);
}

absl::StatusOr<std::string> Read(RedisConnection& redis) {
  absl::StatusOr<RedisReply> marker = redis.Call({"GET", kRedisMarkerKey});
  if (!marker.ok()) return NamingMarker(marker.status());
  return marker->text;
}

absl::Status CheckDb(RedisConnection& redis, int db, const std::string& own) {
  absl::StatusOr<std::string> marker = Read(redis);
  if (!marker.ok()) return marker.status();
  if (marker->empty() || *marker == own) return absl::OkStatus();
  return contract::Error(v1::REASON_IDENTITY_CONFLICT,
                         absl::StrCat("Redis ", redis.server(), " db ", db, " belongs to ",
                                      base::ToValidUtf8(*marker), ", not to ", own),
                         absl::StrCat("give each environment its own Redis db; if it was copied on "
                                      "purpose: resetctl target rebind ",
                                      own));
}

}  // namespace

absl::StatusOr<std::string> ReadMarker(const RedisMasters& masters) {
  return Read(masters.HolderOf(kRedisMarkerKey));
}

absl::Status CheckMarker(const RedisMasters& masters, const std::string& own) {
  return CheckDb(masters.HolderOf(kRedisMarkerKey), masters.db(), own);
}

absl::Status CheckMarkersOfAllDbs(const RedisMasters& masters, const std::string& own) {
  if (masters.cluster()) return CheckMarker(masters, own);
  return masters.ForEachDb([&](RedisConnection& redis, int db) { return CheckDb(redis, db, own); });
}

absl::Status WriteMarker(const RedisMasters& masters, const std::string& own) {
  absl::StatusOr<RedisReply> set =
      masters.HolderOf(kRedisMarkerKey).Call({"SET", kRedisMarkerKey, own});
  return set.ok() ? absl::OkStatus() : NamingMarker(set.status());
}

}  // namespace resetctl::agent

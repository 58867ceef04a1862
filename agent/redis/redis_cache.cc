#include "agent/redis/redis_cache.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/redis/redis_connection.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

using contract::FlushMode;

const char* ModeName(FlushMode mode) {
  switch (mode) {
    case FlushMode::kNone:
      return "none";
    case FlushMode::kDb:
      return "db";
    case FlushMode::kAll:
      return "all";
    case FlushMode::kPrefixes:
      return "prefixes";
  }
  return "none";
}

// Index of the first prefix that `key` starts with, or -1: a key counts once. Our own marker never
// counts.
int MatchPrefix(const std::string& key, const std::vector<std::string>& prefixes) {
  if (key == kRedisMarkerKey) return -1;
  for (size_t i = 0; i < prefixes.size(); ++i) {
    if (absl::StartsWith(key, prefixes[i])) return static_cast<int>(i);
  }
  return -1;
}

absl::Status MarkedAs(const RedisAddress& address, int db, absl::string_view marked,
                      absl::string_view own) {
  return contract::Error(
      v1::REASON_IDENTITY_CONFLICT,
      absl::StrCat("Redis ", address.Label(), " db ", db, " belongs to ", marked, ", not to ", own),
      absl::StrCat("give each environment its own Redis db, or delete the key ", kRedisMarkerKey,
                   " there if it was copied"));
}

// FLUSHALL empties the other dbs of the server too: none of them may be another target's.
absl::Status CheckOtherDbs(RedisConnection& redis, const RedisAddress& address,
                           const std::string& own) {
  auto info = redis.Info();
  if (!info.ok()) return info.status();
  absl::Status foreign;
  for (const auto& [name, value] : *info) {
    int db = 0;
    if (!absl::StartsWith(name, "db") || !absl::StartsWith(value, "keys=") ||
        !absl::SimpleAtoi(absl::string_view(name).substr(2), &db)) {
      continue;
    }
    if (auto selected = redis.Call({"SELECT", absl::StrCat(db)}); !selected.ok()) {
      return selected.status();
    }
    auto marker = redis.Call({"GET", kRedisMarkerKey});
    if (!marker.ok()) return marker.status();
    if (!marker->nil && marker->text != own) {
      foreign = MarkedAs(address, db, marker->text, own);
      break;
    }
  }
  auto back = redis.Call({"SELECT", absl::StrCat(address.db)});
  return foreign.ok() ? back.status() : foreign;
}

// Keys that a flush of this kind would remove, without our marker.
absl::StatusOr<int64_t> CountKeys(RedisConnection& redis, const contract::RedisSpec& spec) {
  int64_t keys = 0;
  if (spec.flush == FlushMode::kAll) {
    auto info = redis.Info();
    if (!info.ok()) return info.status();
    for (const auto& [name, value] : *info) {
      if (!absl::StartsWith(name, "db") || !absl::StartsWith(value, "keys=")) continue;
      int64_t in_db = 0;
      if (absl::SimpleAtoi(absl::string_view(value).substr(5, value.find(',') - 5), &in_db))
        keys += in_db;
    }
  } else {
    auto size = redis.Call({"DBSIZE"});
    if (!size.ok()) return size.status();
    keys = size->number;
  }
  auto marker = redis.Call({"EXISTS", kRedisMarkerKey});
  if (!marker.ok()) return marker.status();
  return std::max<int64_t>(0, keys - marker->number);
}

absl::StatusOr<int64_t> CountQueueEntries(RedisConnection& redis, const contract::RedisSpec& spec) {
  int64_t entries = 0;
  for (const char* type : {"list", "stream"}) {
    const absl::Status scanned = redis.Scan(type, [&](std::vector<std::string> keys) {
      for (const std::string& key : keys) {
        entries += spec.flush != FlushMode::kPrefixes || MatchPrefix(key, spec.prefixes) >= 0;
      }
      return absl::OkStatus();
    });
    if (!scanned.ok()) return scanned;
  }
  return entries;
}

absl::Status SurveyCache(RedisConnection& redis, const contract::RedisSpec& spec,
                         v1::CachePlan* plan) {
  auto info = redis.Info();
  if (!info.ok()) return info.status();
  plan->set_run_id((*info)["run_id"]);
  plan->set_server_version((*info)["redis_version"]);
  if ((*info)["cluster_enabled"] == "1") {
    plan->set_skipped("a Redis cluster, which this version cannot flush");
    return absl::OkStatus();
  }
  if ((*info)["role"] == "slave") {
    plan->set_skipped("a read-only replica");
    return absl::OkStatus();
  }
  if (spec.flush == FlushMode::kPrefixes) {
    std::vector<int64_t> counts(spec.prefixes.size());
    const absl::Status scanned = redis.Scan("", [&](std::vector<std::string> keys) {
      for (const std::string& key : keys) {
        if (const int i = MatchPrefix(key, spec.prefixes); i >= 0) ++counts[i];
      }
      return absl::OkStatus();
    });
    if (!scanned.ok()) return scanned;
    int64_t keys = 0;
    for (const int64_t count : counts) {
      plan->add_prefix_keys(count);
      keys += count;
    }
    plan->set_keys(keys);
  } else if (spec.flush != FlushMode::kNone) {
    auto keys = CountKeys(redis, spec);
    if (!keys.ok()) return keys.status();
    plan->set_keys(*keys);
  }
  if (spec.flush != FlushMode::kNone) {
    auto entries = CountQueueEntries(redis, spec);
    if (!entries.ok()) return entries.status();
    plan->set_queue_entries(*entries);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> UnlinkPrefixes(RedisConnection& redis,
                                       const std::vector<std::string>& prefixes,
                                       const std::function<void(int64_t, int64_t)>& progress) {
  auto size = redis.Call({"DBSIZE"});
  if (!size.ok()) return size.status();
  int64_t removed = 0, seen = 0;
  const absl::Status scanned = redis.Scan("", [&](std::vector<std::string> keys) -> absl::Status {
    seen += static_cast<int64_t>(keys.size());
    std::vector<std::string> unlink = {"UNLINK"};
    for (std::string& key : keys) {
      if (MatchPrefix(key, prefixes) >= 0) unlink.push_back(std::move(key));
    }
    if (unlink.size() > 1) {
      auto answer = redis.Call(unlink);
      if (!answer.ok()) return answer.status();
      removed += answer->number;
    }
    if (progress) progress(std::min(seen, size->number), size->number);
    return absl::OkStatus();
  });
  if (!scanned.ok()) return scanned;
  return removed;
}

}  // namespace

RedisCache::RedisCache(base::Secret url, std::string environment, std::string target)
    : url_(std::move(url)), environment_(std::move(environment)), target_(std::move(target)) {}

std::string RedisCache::Marker() const { return environment_ + "/" + target_; }

v1::CachePlan RedisCache::MakeSurvey(const contract::RedisSpec& spec) {
  v1::CachePlan plan;
  plan.set_mode(ModeName(spec.flush));
  plan.set_required(spec.required);
  for (const std::string& prefix : spec.prefixes) plan.add_prefixes(prefix);
  if (url_.empty()) {
    plan.set_skipped("no cache configured");
    return plan;
  }
  plan.set_configured(true);
  auto address = ParseRedisUrl(url_);
  if (!address.ok()) {
    plan.set_skipped(contract::ProblemOf(address.status()).message());
    return plan;
  }
  plan.set_address(address->Label());
  plan.set_db(address->db);
  auto redis = RedisConnection::Open(*address);
  absl::Status status = redis.ok() ? SurveyCache(**redis, spec, &plan) : redis.status();
  if (status.ok() && spec.flush == FlushMode::kAll && plan.skipped().empty()) {
    const absl::Status others = CheckOtherDbs(**redis, *address, Marker());
    if (!others.ok()) plan.set_skipped(contract::ProblemOf(others).message());
  }
  plan.set_reachable(status.ok());
  if (!status.ok()) plan.set_skipped(contract::ProblemOf(status).message());
  return plan;
}

absl::Status RedisCache::CheckMarker() {
  if (url_.empty()) return absl::OkStatus();
  auto address = ParseRedisUrl(url_);
  if (!address.ok()) return address.status();
  auto redis = RedisConnection::Open(*address);
  if (!redis.ok()) return redis.status();
  auto marker = (*redis)->Call({"GET", kRedisMarkerKey});
  if (!marker.ok()) return marker.status();
  if (marker->nil || marker->text == Marker()) return absl::OkStatus();
  return MarkedAs(*address, address->db, marker->text, Marker());
}

absl::StatusOr<FlushResult> RedisCache::Flush(
    const contract::RedisSpec& spec, std::function<void(int64_t done, int64_t total)> progress) {
  if (spec.flush == FlushMode::kNone || url_.empty()) return FlushResult{};
  // Again, right before: between the plan and now the URL may have come to mean another cache.
  if (absl::Status marker = CheckMarker(); !marker.ok()) return marker;
  auto address = ParseRedisUrl(url_);
  if (!address.ok()) return address.status();
  auto opened = RedisConnection::Open(*address);
  if (!opened.ok()) return opened.status();
  RedisConnection& redis = **opened;
  if (spec.flush == FlushMode::kAll) {
    if (absl::Status others = CheckOtherDbs(redis, *address, Marker()); !others.ok()) return others;
  }

  FlushResult result;
  if (spec.flush == FlushMode::kPrefixes) {
    auto removed = UnlinkPrefixes(redis, spec.prefixes, progress);
    if (!removed.ok()) return removed.status();
    result = {*removed, "scan and unlink"};
  } else {
    auto keys = CountKeys(redis, spec);
    if (!keys.ok()) return keys.status();
    const char* command = spec.flush == FlushMode::kAll ? "FLUSHALL" : "FLUSHDB";
    if (auto answer = redis.Call({command, "ASYNC"}); !answer.ok()) return answer.status();
    result = {*keys, "flush (async)"};
    if (progress) progress(*keys, *keys);
  }
  if (auto answer = redis.Call({"SET", kRedisMarkerKey, Marker()}); !answer.ok())
    return answer.status();
  return result;
}

}  // namespace resetctl::agent

#include "agent/redis/redis_cache.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/redis/cache_marker.h"
#include "agent/redis/cache_survey.h"
#include "agent/redis/key_prefixes.h"
#include "agent/redis/prefix_removal.h"
#include "agent/redis/redis_rights.h"
#include "proto/base/failpoint.h"
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

// A flush that broke off says how far it came.
absl::Status SoFar(const absl::Status& status, absl::string_view done) {
  v1::Problem problem = contract::ProblemOf(status);
  problem.set_message(absl::StrCat(problem.message(), "; ", done));
  return contract::ErrorFrom(problem);
}

absl::Status FlushMasters(const RedisMasters& masters, FlushMode mode) {
  const char* command = mode == FlushMode::kAll ? "FLUSHALL" : "FLUSHDB";
  std::vector<std::string> flushed;
  absl::Status status = masters.ForEach([&](RedisConnection& redis) {
    absl::Status answer = redis.Call({command, "ASYNC"}).status();
    if (answer.ok()) flushed.push_back(redis.server());
    return answer;
  });
  if (status.ok() || flushed.empty()) return status;
  return SoFar(status, absl::StrCat(flushed.size(), " of ", masters.all().size(),
                                    " masters had been flushed: ", absl::StrJoin(flushed, ", ")));
}

}  // namespace

RedisCache::RedisCache(base::Secret url, std::string environment, std::string target,
                       RedisTimeouts timeouts)
    : url_(std::move(url)),
      environment_(std::move(environment)),
      target_(std::move(target)),
      timeouts_(timeouts) {}

std::string RedisCache::Marker() const { return environment_ + "/" + target_; }

absl::StatusOr<RedisMasters> RedisCache::Open() const {
  absl::StatusOr<RedisAddress> address = ParseRedisUrl(url_);
  if (!address.ok()) return address.status();
  return RedisMasters::Open(*address, timeouts_);
}

absl::Status RedisCache::CheckReady(const RedisMasters& masters,
                                    const contract::RedisSpec& spec) const {
  absl::Status rights = CheckRights(masters, spec);
  if (!rights.ok()) return rights;
  return spec.flush == FlushMode::kAll ? CheckMarkersOfAllDbs(masters, Marker())
                                       : agent::CheckMarker(masters, Marker());
}

absl::Status RedisCache::Survey(const contract::RedisSpec& spec, const RedisAddress& address,
                                v1::CachePlan* plan) const {
  absl::StatusOr<std::unique_ptr<RedisConnection>> entry =
      RedisConnection::Open(address, timeouts_);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<RedisFacts> facts = AskFacts(**entry);
  if (!facts.ok()) return facts.status();
  plan->set_run_id(facts->run_id);
  plan->set_server_version(facts->version);
  absl::StatusOr<RedisMasters> masters =
      RedisMasters::Find(*std::move(entry), *facts, address, timeouts_);
  if (!masters.ok()) return masters.status();
  plan->set_run_id(masters->Identity());
  if (masters->cluster()) plan->set_masters(static_cast<int>(masters->all().size()));
  if (spec.flush == FlushMode::kNone) return absl::OkStatus();
  if (absl::Status ready = CheckReady(*masters, spec); !ready.ok()) return ready;
  WarnOfKeyPatterns(*masters, spec, plan);
  return SurveyKeys(*masters, spec, plan);
}

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
  absl::StatusOr<RedisAddress> address = ParseRedisUrl(url_);
  if (!address.ok()) {
    plan.set_skipped(contract::ProblemOf(address.status()).message());
    return plan;
  }
  plan.set_address(address->Label());
  plan.set_db(address->db);
  const absl::Status status = Survey(spec, *address, &plan);
  plan.set_reachable(contract::ReasonOf(status) != v1::REASON_CACHE_UNREACHABLE);
  if (!status.ok()) plan.set_skipped(contract::ProblemOf(status).message());
  return plan;
}

absl::Status RedisCache::CheckMarker() {
  if (url_.empty()) return absl::OkStatus();
  absl::StatusOr<RedisMasters> masters = Open();
  return masters.ok() ? agent::CheckMarker(*masters, Marker()) : masters.status();
}

absl::Status RedisCache::Rebind() {
  if (url_.empty()) return absl::OkStatus();
  absl::StatusOr<RedisMasters> masters = Open();
  return masters.ok() ? WriteMarker(*masters, Marker()) : masters.status();
}

absl::Status RedisCache::CheckFlush(const contract::RedisSpec& spec) {
  if (spec.flush == FlushMode::kNone || url_.empty()) return absl::OkStatus();
  absl::StatusOr<RedisMasters> masters = Open();
  return masters.ok() ? CheckReady(*masters, spec) : masters.status();
}

absl::StatusOr<FlushResult> RedisCache::Flush(
    const contract::RedisSpec& spec, std::function<void(int64_t done, int64_t total)> progress) {
  if (spec.flush == FlushMode::kNone || url_.empty()) return FlushResult{};
  absl::StatusOr<RedisMasters> masters = Open();
  if (!masters.ok()) return masters.status();
  // Again, right before: between the plan and now the URL may have come to mean another cache.
  if (absl::Status ready = CheckReady(*masters, spec); !ready.ok()) return ready;

  FlushResult result;
  if (spec.flush == FlushMode::kPrefixes) {
    const absl::Status removed =
        RemovePrefixes(*masters, KeyPrefixes(spec.prefixes), progress, &result.keys_removed);
    if (!removed.ok()) {
      return SoFar(removed, absl::StrCat(result.keys_removed, " keys had been removed by then"));
    }
    result.detail = "scan and unlink";
  } else {
    absl::StatusOr<int64_t> keys = KeysToFlush(*masters, spec.flush);
    if (!keys.ok()) return keys.status();
    if (absl::Status flushed = FlushMasters(*masters, spec.flush); !flushed.ok()) return flushed;
    result = {*keys, "flush (async)"};
    if (progress) progress(*keys, *keys);
  }
  base::Failpoint("agent.cache.emptied");
  if (masters->cluster()) {
    absl::StrAppend(&result.detail, " on ", masters->all().size(), " masters");
  }
  absl::Status marked = WriteMarker(*masters, Marker());
  if (!marked.ok()) return SoFar(marked, "the flush itself is done");
  return result;
}

}  // namespace resetctl::agent

#include "agent/redis/cache_survey.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/redis/cache_marker.h"
#include "agent/redis/key_prefixes.h"
#include "agent/redis/redis_scan.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

using contract::FlushMode;

// Lists and streams are queues more often than caches. What is in them is counted by `length`, a command of constant time.
struct QueueType {
  const char* type;
  const char* length;
};
constexpr QueueType kQueueTypes[] = {{"list", "LLEN"}, {"stream", "XLEN"}};

struct Queues {
  int64_t keys = 0;
  int64_t jobs = 0;
  absl::Status unknown;  // why `jobs` lacks some
};

absl::Status CountJobs(RedisConnection& redis, const char* length,
                       const std::vector<absl::string_view>& keys, Queues* queues) {
  for (const absl::string_view key : keys) redis.Queue({length, key});
  for (size_t i = 0; i < keys.size(); ++i) {
    absl::StatusOr<RedisReply> answer = redis.Collect(length);
    if (answer.ok()) {
      queues->jobs += answer->number;
    } else if (contract::ReasonOf(answer.status()) == v1::REASON_CACHE_UNREACHABLE) {
      return answer.status();
    } else {
      queues->unknown = answer.status();
    }
  }
  return absl::OkStatus();
}

absl::Status CountQueues(RedisConnection& redis, const KeyPrefixes& prefixes, Queues* queues) {
  for (const QueueType& queue : kQueueTypes) {
    const absl::Status scanned =
        ScanAll(redis, {prefixes.Glob(), queue.type}, [&](const ScanPage& page) {
          std::vector<absl::string_view> keys;
          for (const absl::string_view key : page.keys) {
            if (prefixes.size() == 0 || prefixes.Match(key) >= 0) keys.push_back(key);
          }
          queues->keys += static_cast<int64_t>(keys.size());
          return CountJobs(redis, queue.length, keys, queues);
        });
    if (!scanned.ok()) return scanned;
  }
  return absl::OkStatus();
}

absl::Status CountPrefixes(const RedisMasters& masters, const KeyPrefixes& prefixes,
                           v1::CachePlan* plan) {
  std::vector<int64_t> counts(prefixes.size());
  const absl::Status scanned = masters.ForEach([&](RedisConnection& redis) {
    return ScanAll(redis, {prefixes.Glob(), ""}, [&](const ScanPage& page) {
      for (const absl::string_view key : page.keys) {
        if (const int i = prefixes.Match(key); i >= 0) ++counts[i];
      }
      return absl::OkStatus();
    });
  });
  if (!scanned.ok()) return scanned;
  plan->mutable_prefix_keys()->Assign(counts.begin(), counts.end());
  plan->set_keys(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  return absl::OkStatus();
}

absl::Status CountQueues(const RedisMasters& masters, const contract::RedisSpec& spec,
                         v1::CachePlan* plan) {
  const KeyPrefixes prefixes(spec.prefixes);
  Queues queues;
  absl::Status counted = spec.flush == FlushMode::kAll
                             ? masters.ForEachDb([&](RedisConnection& redis, int) {
                                 return CountQueues(redis, prefixes, &queues);
                               })
                             : masters.ForEach([&](RedisConnection& redis) {
                                 return CountQueues(redis, prefixes, &queues);
                               });
  if (contract::ReasonOf(counted) == v1::REASON_CACHE_UNREACHABLE) return counted;
  plan->set_queue_entries(queues.keys);
  plan->set_queue_jobs(queues.jobs);
  if (counted.ok()) counted = queues.unknown;
  if (!counted.ok()) {
    plan->add_warnings(absl::StrCat("queue entries and their jobs could not all be counted: ",
                                    contract::ProblemOf(counted).message()));
  }
  return absl::OkStatus();
}

void WarnOfOtherDbs(const RedisMasters& masters, v1::CachePlan* plan) {
  std::map<int, int64_t> keys = masters.KeysByDb();
  keys.erase(masters.db());
  if (keys.empty()) return;
  int64_t sum = 0;
  for (const auto& [db, count] : keys) sum += count;
  plan->add_warnings(
      absl::StrCat("FLUSHALL empties ", keys.size(), keys.size() == 1 ? " other db" : " other dbs",
                   " of the server too (", absl::StrJoin(keys, ", ", absl::PairFormatter(" with ")),
                   "): ", sum, sum == 1 ? " key" : " keys"));
}

// FLUSHALL, ASYNC too, saves an empty dump where save points exist; FLUSHDB does not.
absl::Status WarnOfFiles(const RedisMasters& masters, v1::CachePlan* plan) {
  bool dump = false, append_only = false;
  absl::Status unknown;
  for (const RedisMasters::Master& master : masters.all()) {
    append_only |= master.facts.append_only;
    absl::StatusOr<RedisReply> save = master.redis->Call({"CONFIG", "GET", "save"});
    if (save.ok()) {
      dump |= save->elements.size() == 2 && !save->elements[1].text.empty();
    } else if (contract::ReasonOf(save.status()) == v1::REASON_CACHE_UNREACHABLE) {
      return save.status();
    } else {
      unknown = save.status();
    }
  }
  if (dump) {
    plan->add_warnings(
        "FLUSHALL also rewrites the dump file (the server has save points): what is on its disk "
        "is empty afterwards, and no way back");
  } else if (!unknown.ok()) {
    plan->add_warnings(absl::StrCat(
        "FLUSHALL also rewrites the dump file where the server has save points; whether it has "
        "could not be asked: ",
        contract::ProblemOf(unknown).message()));
  }
  if (append_only) {
    plan->add_warnings(
        "FLUSHALL goes into the append-only file too: a restart does not bring the keys back");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int64_t> KeysToFlush(const RedisMasters& masters, FlushMode mode) {
  absl::StatusOr<std::string> marked = ReadMarker(masters);
  if (!marked.ok()) return marked.status();
  int64_t keys = marked->empty() ? 0 : -1;
  for (const auto& [db, count] : masters.KeysByDb()) {
    if (mode == FlushMode::kAll || db == masters.db()) keys += count;
  }
  return std::max<int64_t>(0, keys);
}

absl::Status SurveyKeys(const RedisMasters& masters, const contract::RedisSpec& spec,
                        v1::CachePlan* plan) {
  if (spec.flush == FlushMode::kPrefixes) {
    absl::Status counted = CountPrefixes(masters, KeyPrefixes(spec.prefixes), plan);
    if (!counted.ok()) return counted;
  } else {
    absl::StatusOr<int64_t> keys = KeysToFlush(masters, spec.flush);
    if (!keys.ok()) return keys.status();
    plan->set_keys(*keys);
  }
  if (absl::Status queues = CountQueues(masters, spec, plan); !queues.ok()) return queues;
  if (spec.flush != FlushMode::kAll) return absl::OkStatus();
  WarnOfOtherDbs(masters, plan);
  return WarnOfFiles(masters, plan);
}

}  // namespace resetctl::agent

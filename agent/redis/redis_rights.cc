#include "agent/redis/redis_rights.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "agent/redis/key_prefixes.h"
#include "agent/redis/redis_refusal.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

using contract::FlushMode;
using Command = std::vector<std::string>;

struct Need {
  Command command;
  std::string pattern;  // of the keys it names; empty for none
};

std::vector<Need> NeedsOf(const contract::RedisSpec& spec) {
  std::vector<Need> needs;
  switch (spec.flush) {
    case FlushMode::kNone:
      return needs;
    case FlushMode::kDb:
      needs.push_back({{"FLUSHDB", "ASYNC"}, ""});
      break;
    case FlushMode::kAll:
      needs.push_back({{"FLUSHALL", "ASYNC"}, ""});
      break;
    case FlushMode::kPrefixes:
      needs.push_back({{"SCAN", "0"}, ""});
      for (const std::string& prefix : spec.prefixes) {
        needs.push_back({{"UNLINK", prefix}, prefix + "*"});
      }
      break;
  }
  needs.push_back({{"GET", kRedisMarkerKey}, kRedisMarkerKey});
  needs.push_back({{"SET", kRedisMarkerKey, "x"}, kRedisMarkerKey});
  return needs;
}

absl::StatusOr<RedisReply> CallWith(RedisConnection& redis, Command command, const Command& rest) {
  command.insert(command.end(), rest.begin(), rest.end());
  return redis.Call(std::vector<absl::string_view>(command.begin(), command.end()));
}

bool Lost(const absl::Status& status) {
  return contract::ReasonOf(status) == v1::REASON_CACHE_UNREACHABLE;
}

absl::Status CheckOffered(RedisConnection& redis, const std::vector<Need>& needs) {
  Command names;
  for (const Need& need : needs) names.push_back(need.command.front());
  absl::StatusOr<RedisReply> known = CallWith(redis, {"COMMAND", "INFO"}, names);
  if (!known.ok()) return Lost(known.status()) ? known.status() : absl::OkStatus();
  for (size_t i = 0; i < names.size() && i < known->elements.size(); ++i) {
    if (!known->elements[i].nil) continue;
    return Refusal({redis.server(), redis.user(), names[i]}, "ERR unknown command");
  }
  return absl::OkStatus();
}

void AddOnce(const std::string& text, std::vector<std::string>* list) {
  for (const std::string& there : *list) {
    if (there == text) return;
  }
  list->push_back(text);
}

absl::Status CheckAllowed(RedisConnection& redis, const std::vector<Need>& needs) {
  std::vector<std::string> lacks, rules;
  for (const Need& need : needs) {
    absl::StatusOr<RedisReply> answer =
        CallWith(redis, {"ACL", "DRYRUN", redis.user()}, need.command);
    if (!answer.ok()) return Lost(answer.status()) ? answer.status() : absl::OkStatus();
    if (answer->text == "OK") continue;
    // It says which of the two is missing, the command first.
    if (absl::StrContains(answer->text, " command")) {
      AddOnce(absl::StrCat("run ", need.command.front()), &lacks);
      AddOnce(AclRuleFor(need.command.front()), &rules);
    } else {
      AddOnce(absl::StrCat("touch ", need.pattern), &lacks);
      AddOnce(absl::StrCat("~", need.pattern), &rules);
    }
  }
  if (lacks.empty()) return absl::OkStatus();
  return contract::Error(
      v1::REASON_CACHE_ERROR,
      absl::StrCat("Redis at ", redis.server(), " does not let the user ", redis.user(), " ",
                   absl::StrJoin(lacks, ", "), " (NOPERM): ACL SETUSER ", redis.user(), " ",
                   absl::StrJoin(rules, " ")),
      "give the user these rights, then try again");
}

// The patterns of a user's keys, 'allkeys' for all: a text since 7.0, a list of bare patterns before.
std::vector<std::string> KeyPatterns(const RedisReply& user) {
  std::vector<std::string> patterns;
  for (size_t i = 0; i + 1 < user.elements.size(); i += 2) {
    if (user.elements[i].text != "keys") continue;
    const RedisReply& keys = user.elements[i + 1];
    for (const RedisReply& each : keys.elements) patterns.push_back(absl::StrCat("~", each.text));
    for (const absl::string_view each : absl::StrSplit(keys.text, ' ', absl::SkipEmpty())) {
      patterns.push_back(base::Str(each));
    }
  }
  return patterns;
}

}  // namespace

absl::Status CheckRights(const RedisMasters& masters, const contract::RedisSpec& spec) {
  const std::vector<Need> needs = NeedsOf(spec);
  if (needs.empty()) return absl::OkStatus();
  return masters.ForEach([&](RedisConnection& redis) {
    absl::Status offered = CheckOffered(redis, needs);
    return offered.ok() ? CheckAllowed(redis, needs) : offered;
  });
}

void WarnOfKeyPatterns(const RedisMasters& masters, const contract::RedisSpec& spec,
                       v1::CachePlan* plan) {
  if (spec.flush != FlushMode::kDb && spec.flush != FlushMode::kAll) return;
  for (const RedisMasters::Master& master : masters.all()) {
    absl::StatusOr<RedisReply> user = master.redis->Call({"ACL", "GETUSER", master.redis->user()});
    if (!user.ok() || user->elements.empty()) return;
    const std::vector<std::string> patterns = KeyPatterns(*user);
    for (const std::string& pattern : patterns) {
      if (pattern == "~*") return;
    }
    plan->add_warnings(
        absl::StrCat("the Redis user ", master.redis->user(), " may touch ",
                     patterns.empty() ? "no key" : base::ToValidUtf8(absl::StrJoin(patterns, " ")),
                     " only, but ", spec.flush == FlushMode::kAll ? "FLUSHALL" : "FLUSHDB",
                     " does not ask for keys: it removes the others too"));
    return;
  }
}

}  // namespace resetctl::agent

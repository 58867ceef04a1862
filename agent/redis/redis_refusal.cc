#include "agent/redis/redis_refusal.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// The kinds whose meaning does not depend on the rest of the reply.
struct Kind {
  const char* code;
  v1::Reason reason;
  const char* meaning;  // after 'Redis at host:port '
  const char* advice;
};
constexpr Kind kKinds[] = {
    {"NOAUTH", v1::REASON_CACHE_ERROR, "asks for a password, and REDIS_URL has none",
     "put user and password into REDIS_URL"},
    {"WRONGPASS", v1::REASON_CACHE_ERROR, "does not accept the user and password of REDIS_URL",
     "mend REDIS_URL, or see with ACL LIST that the user is there and on"},
    {"READONLY", v1::REASON_CACHE_ERROR,
     "is a read-only replica and refuses writes (READONLY): a failover, or the wrong server",
     "name the primary in REDIS_URL, or wait until the failover is over"},
    {"LOADING", v1::REASON_CACHE_UNREACHABLE,
     "is still loading its data from disk and answers nothing else yet (LOADING)",
     "wait until it has loaded"},
    {"MISCONF", v1::REASON_CACHE_ERROR,
     "refuses all writes, since it could not save its dump file (MISCONF)",
     "see the Redis log for why it cannot write to its directory"},
    {"OOM", v1::REASON_CACHE_ERROR, "is out of memory (OOM: maxmemory is reached)",
     "give it more memory, or an eviction policy"},
    {"CLUSTERDOWN", v1::REASON_CACHE_UNREACHABLE, "says that its cluster is down (CLUSTERDOWN)",
     "see CLUSTER INFO and CLUSTER NODES there"},
    {"MASTERDOWN", v1::REASON_CACHE_UNREACHABLE, "has lost the link to its primary (MASTERDOWN)",
     "name the primary in REDIS_URL"},
    {"NOREPLICAS", v1::REASON_CACHE_ERROR,
     "refuses writes, since too few replicas follow it (NOREPLICAS)",
     "see that its replicas run: min-replicas-to-write asks for them"},
    {"BUSY", v1::REASON_CACHE_UNREACHABLE, "is busy with a script that does not end (BUSY)",
     "end it with SCRIPT KILL or FUNCTION KILL"},
    {"DENIED", v1::REASON_CACHE_ERROR, "runs in protected mode and takes no clients from here",
     "give it a password, and bind it to the network that the agent is in"},
};

bool IsAbout(absl::string_view reply, absl::string_view code) {
  return absl::StartsWith(reply, code) &&
         (reply.size() == code.size() || reply[code.size()] == ' ');
}

}  // namespace

std::string AclRuleFor(absl::string_view command) {
  return absl::StrCat("+", absl::StrReplaceAll(absl::AsciiStrToLower(command), {{" ", "|"}}));
}

absl::Status Refusal(const RedisRequest& request, absl::string_view reply) {
  const std::string who = absl::StrCat("Redis at ", request.server, " ");
  for (const Kind& kind : kKinds) {
    if (IsAbout(reply, kind.code)) {
      return contract::Error(kind.reason, absl::StrCat(who, kind.meaning), kind.advice);
    }
  }
  if (IsAbout(reply, "NOPERM")) {
    const bool keys = absl::StrContains(reply, " key");
    return contract::Error(
        v1::REASON_CACHE_ERROR,
        keys ? absl::StrCat(who, "does not let the user ", request.user, " touch a key that ",
                            request.command, " needs (NOPERM): add its pattern, ACL SETUSER ",
                            request.user, " ~PATTERN")
             : absl::StrCat(who, "does not let the user ", request.user, " run ", request.command,
                            " (NOPERM): ACL SETUSER ", request.user, " ",
                            AclRuleFor(request.command)),
        "give the user that right, then try again");
  }
  if (IsAbout(reply, "MOVED") || IsAbout(reply, "ASK")) {
    const std::vector<absl::string_view> words = absl::StrSplit(reply, ' ');
    return contract::Error(
        v1::REASON_CACHE_ERROR,
        absl::StrCat(who, "no longer holds slot ", words.size() > 1 ? words[1] : "?",
                     ": the cluster fails over or moves slots"),
        "wait until the cluster is at rest, then try again");
  }
  if (absl::StartsWith(reply, "ERR unknown command") ||
      absl::StartsWith(reply, "ERR unknown subcommand")) {
    return contract::Error(v1::REASON_CACHE_ERROR,
                           absl::StrCat(who, "does not know ", request.command,
                                        ": it is too old, or the command is disabled or renamed"),
                           "see rename-command in redis.conf, or ask the provider");
  }
  if (request.command == "SELECT" && absl::StrContains(reply, "cluster")) {
    return contract::Error(v1::REASON_CACHE_ERROR,
                           absl::StrCat(who, "is a cluster: it has db 0 and no other"),
                           "take the db out of REDIS_URL");
  }
  if (request.command == "AUTH") {
    return contract::Error(v1::REASON_CACHE_ERROR,
                           absl::StrCat(who, "does not take the login of REDIS_URL"),
                           "see that user and password are those of the server: one without a "
                           "password takes none");
  }
  const std::string first_line = base::ToValidUtf8(reply.substr(0, reply.find_first_of("\r\n")));
  return contract::Error(v1::REASON_CACHE_ERROR,
                         absl::StrCat(who, "says to ", request.command, ": ", first_line));
}

}  // namespace resetctl::agent

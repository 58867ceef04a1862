#include "agent/redis/redis_connection.h"

#include <utility>

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr timeval kConnectTimeout{3, 0};
constexpr timeval kCallTimeout{30, 0};
constexpr char kScanCount[] =
    "1000";  // 10000 stalls other clients for 16 ms and is slower (POSTGRES.md)

RedisReply Convert(const redisReply& reply) {
  RedisReply out;
  out.nil = reply.type == REDIS_REPLY_NIL;
  out.number = reply.integer;
  if (reply.str != nullptr) out.text.assign(reply.str, reply.len);
  for (size_t i = 0; i < reply.elements; ++i) out.elements.push_back(Convert(*reply.element[i]));
  return out;
}

struct Arguments {
  explicit Arguments(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) {
      texts.push_back(argument.data());
      sizes.push_back(argument.size());
    }
  }
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisConnection::Open(
    const RedisAddress& address) {
  redisContext* context =
      address.socket.empty()
          ? redisConnectWithTimeout(address.host.c_str(), address.port, kConnectTimeout)
          : redisConnectUnixWithTimeout(address.socket.c_str(), kConnectTimeout);
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for a Redis connection");
  std::unique_ptr<RedisConnection> connection(new RedisConnection(context));
  if (context->err != 0) {
    return contract::Error(
        v1::REASON_CACHE_UNREACHABLE,
        absl::StrCat("Redis at ", address.Label(), " cannot be reached: ", context->errstr),
        "check REDIS_URL on the agent's machine, and that Redis runs");
  }
  redisSetTimeout(context, kCallTimeout);
  if (!address.password.empty()) {
    std::vector<std::string> auth = {"AUTH"};
    if (!address.user.empty()) auth.push_back(address.user);
    auth.push_back(address.password.Reveal());
    if (auto answer = connection->Call(auth); !answer.ok()) return answer.status();
  }
  if (auto answer = connection->Call({"SELECT", absl::StrCat(address.db)}); !answer.ok()) {
    return answer.status();
  }
  return connection;
}

RedisConnection::~RedisConnection() { redisFree(context_); }

absl::Status RedisConnection::Broken(absl::string_view doing) const {
  return contract::Error(
      v1::REASON_CACHE_UNREACHABLE,
      absl::StrCat("the connection to Redis broke during ", doing, ": ", context_->errstr),
      "see that Redis runs, then resume the run");
}

absl::StatusOr<RedisReply> RedisConnection::Take(redisReply* reply) {
  if (reply == nullptr) return Broken("a command");
  if (reply->type == REDIS_REPLY_ERROR) {
    const std::string message(reply->str, reply->len);
    freeReplyObject(reply);
    return contract::Error(v1::REASON_CACHE_ERROR, absl::StrCat("Redis says: ", message));
  }
  RedisReply converted = Convert(*reply);
  freeReplyObject(reply);
  return converted;
}

absl::StatusOr<RedisReply> RedisConnection::Call(const std::vector<std::string>& arguments) {
  if (absl::Status queued = Queue(arguments); !queued.ok()) return queued;
  return Collect();
}

absl::Status RedisConnection::Queue(const std::vector<std::string>& arguments) {
  Arguments packed(arguments);
  if (redisAppendCommandArgv(context_, static_cast<int>(arguments.size()), packed.texts.data(),
                             packed.sizes.data()) != REDIS_OK) {
    return Broken(arguments.front());
  }
  return absl::OkStatus();
}

absl::StatusOr<RedisReply> RedisConnection::Collect() {
  void* reply = nullptr;
  if (redisGetReply(context_, &reply) != REDIS_OK) return Broken("a command");
  return Take(static_cast<redisReply*>(reply));
}

absl::StatusOr<std::map<std::string, std::string>> RedisConnection::Info() {
  auto answer = Call({"INFO"});
  if (!answer.ok()) return answer.status();
  std::map<std::string, std::string> facts;
  for (const absl::string_view line : absl::StrSplit(answer->text, "\r\n")) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;
    facts[base::Str(line.substr(0, colon))] = base::Str(line.substr(colon + 1));
  }
  return facts;
}

absl::Status RedisConnection::Scan(
    absl::string_view type,
    const std::function<absl::Status(std::vector<std::string> keys)>& each) {
  std::string cursor = "0";
  do {
    std::vector<std::string> command = {"SCAN", cursor, "COUNT", kScanCount};
    if (!type.empty()) command.insert(command.end(), {"TYPE", base::Str(type)});
    auto answer = Call(command);
    if (!answer.ok()) return answer.status();
    if (answer->elements.size() != 2)
      return contract::Error(v1::REASON_CACHE_ERROR, "SCAN answered strangely");
    cursor = answer->elements[0].text;
    std::vector<std::string> keys;
    for (RedisReply& key : answer->elements[1].elements) keys.push_back(std::move(key.text));
    if (absl::Status status = each(std::move(keys)); !status.ok()) return status;
  } while (cursor != "0");
  return absl::OkStatus();
}

}  // namespace resetctl::agent

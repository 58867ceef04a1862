#include "agent/redis/redis_connection.h"

#include <cerrno>
#include <utility>

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/redis/redis_refusal.h"
#include "proto/base/pipe_signal.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

RedisReply Convert(const redisReply& reply) {
  RedisReply out;
  out.nil = reply.type == REDIS_REPLY_NIL;
  out.number = reply.integer;
  if (reply.str != nullptr) out.text.assign(reply.str, reply.len);
  for (size_t i = 0; i < reply.elements; ++i) out.elements.push_back(Convert(*reply.element[i]));
  return out;
}

// What an error calls it: 'CONFIG GET', but 'FLUSHDB'. No other argument is ever told.
std::string NameOf(absl::Span<const absl::string_view> arguments) {
  for (const char* container : {"ACL", "CLUSTER", "COMMAND", "CONFIG"}) {
    if (arguments[0] == container) return absl::StrCat(arguments[0], " ", arguments[1]);
  }
  return std::string(arguments[0].data(), arguments[0].size());
}

}  // namespace

void RawReplyDeleter::operator()(redisReply* reply) const { freeReplyObject(reply); }

RedisConnection::RedisConnection(redisContext* context, const RedisAddress& address,
                                 const RedisTimeouts& timeouts)
    : server_(address.Label()),
      user_(address.user.empty() ? "default" : address.user),
      patience_(timeouts.answer),
      context_(context) {}

RedisConnection::~RedisConnection() { redisFree(context_); }

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisConnection::Open(
    const RedisAddress& address, const RedisTimeouts& timeouts) {
  const timeval patience = absl::ToTimeval(timeouts.connect);
  redisContext* context =
      address.socket.empty() ? redisConnectWithTimeout(address.host.c_str(), address.port, patience)
                             : redisConnectUnixWithTimeout(address.socket.c_str(), patience);
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for a Redis connection");
  std::unique_ptr<RedisConnection> connection(new RedisConnection(context, address, timeouts));
  if (context->err != 0) {
    return contract::Error(
        v1::REASON_CACHE_UNREACHABLE,
        absl::StrCat("Redis at ", address.Label(), " cannot be reached: ", context->errstr),
        "check REDIS_URL on the agent's machine, and that Redis runs");
  }
  redisSetTimeout(context, absl::ToTimeval(timeouts.answer));
  if (absl::Status status = connection->LogIn(address); !status.ok()) return status;
  return connection;
}

absl::Status RedisConnection::LogIn(const RedisAddress& address) {
  if (!address.password.empty()) {
    std::vector<absl::string_view> auth = {"AUTH"};
    if (!address.user.empty()) auth.push_back(address.user);
    auth.push_back(address.password.Reveal());
    if (auto answer = Call(auth); !answer.ok()) return answer.status();
  }
  if (address.db == 0) return absl::OkStatus();
  return Call({"SELECT", absl::StrCat(address.db)}).status();
}

absl::Status RedisConnection::Broken(absl::string_view command) const {
  const bool stalled = context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  return contract::Error(v1::REASON_CACHE_UNREACHABLE,
                         stalled
                             ? absl::StrCat("Redis at ", server_, " gave no answer to ", command,
                                            " within ", absl::FormatDuration(patience_))
                             : absl::StrCat("the connection to Redis at ", server_,
                                            " broke during ", command, ": ", context_->errstr),
                         "see that Redis runs, then try again");
}

absl::StatusOr<RedisReply> RedisConnection::Call(absl::Span<const absl::string_view> arguments) {
  Queue(arguments);
  return Collect(NameOf(arguments));
}

void RedisConnection::Queue(absl::Span<const absl::string_view> arguments) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  texts.reserve(arguments.size());
  sizes.reserve(arguments.size());
  for (const absl::string_view argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  // Fails for lack of memory alone, and then the context says so to Collect().
  redisAppendCommandArgv(context_, static_cast<int>(texts.size()), texts.data(), sizes.data());
}

absl::Status RedisConnection::Send() {
  const base::PipeSignalBlocked blocked;
  for (int done = 0; done == 0;) {
    if (redisBufferWrite(context_, &done) != REDIS_OK) return Broken("a command");
  }
  return absl::OkStatus();
}

absl::StatusOr<RawReply> RedisConnection::CollectRaw(absl::string_view command) {
  const base::PipeSignalBlocked blocked;
  void* answer = nullptr;
  if (redisGetReply(context_, &answer) != REDIS_OK) return Broken(command);
  RawReply reply(static_cast<redisReply*>(answer));
  if (reply->type == REDIS_REPLY_ERROR) {
    return Refusal({server_, user_, command}, absl::string_view(reply->str, reply->len));
  }
  return reply;
}

absl::StatusOr<RedisReply> RedisConnection::Collect(absl::string_view command) {
  absl::StatusOr<RawReply> reply = CollectRaw(command);
  if (!reply.ok()) return reply.status();
  return Convert(**reply);
}

}  // namespace resetctl::agent

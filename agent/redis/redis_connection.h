#ifndef RESETCTL_AGENT_REDIS_REDIS_CONNECTION_H_
#define RESETCTL_AGENT_REDIS_REDIS_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "agent/redis/redis_url.h"

struct redisContext;
struct redisReply;

namespace resetctl::agent {

struct RedisTimeouts {
  absl::Duration connect = absl::Seconds(3);
  absl::Duration answer = absl::Seconds(30);  // to one command
};

// A reply, as far as we need one: a text or status, a number, or a list.
struct RedisReply {
  std::string text;
  int64_t number = 0;
  bool nil = false;
  std::vector<RedisReply> elements;
};

// hiredis' own reply, for answers too large to copy: a page of SCAN.
struct RawReplyDeleter {
  void operator()(redisReply* reply) const;
};
using RawReply = std::unique_ptr<redisReply, RawReplyDeleter>;

// One authenticated connection to one db. Not thread-safe. Errors: CACHE_UNREACHABLE when the connection fails, breaks or
// stalls, otherwise what Refusal() makes of the server's answer. No message holds a password or a key.
class RedisConnection {
 public:
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Open(const RedisAddress& address,
                                                               const RedisTimeouts& timeouts);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  const std::string& server() const { return server_; }  // 'host:port'
  const std::string& user() const { return user_; }      // of the URL, or 'default'

  // Arguments may hold any bytes.
  absl::StatusOr<RedisReply> Call(absl::Span<const absl::string_view> arguments);

  // Pipelining: Queue() copies the arguments, Send() puts all that is queued on its way, Collect() takes the answers in
  // order (and sends first what was not sent). `command` is what an error calls it.
  void Queue(absl::Span<const absl::string_view> arguments);
  absl::Status Send();
  absl::StatusOr<RedisReply> Collect(absl::string_view command);
  absl::StatusOr<RawReply> CollectRaw(absl::string_view command);

 private:
  RedisConnection(redisContext* context, const RedisAddress& address,
                  const RedisTimeouts& timeouts);
  absl::Status LogIn(const RedisAddress& address);
  absl::Status Broken(absl::string_view command) const;

  const std::string server_;
  const std::string user_;
  const absl::Duration patience_;
  redisContext* context_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_REDIS_REDIS_CONNECTION_H_

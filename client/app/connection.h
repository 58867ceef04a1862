#ifndef RESETCTL_CLIENT_APP_CONNECTION_H_
#define RESETCTL_CLIENT_APP_CONNECTION_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/app/config.h"
#include "client/app/state.h"
#include "proto/base/clock.h"
#include "proto/base/mutex.h"
#include "proto/base/secret.h"
#include "proto/contract/statement.h"
#include "resetctl/v1/login.pb.h"
#include "resetctl/v1/statement.pb.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace resetctl::client {

// A TLS channel to the controller that the pin names, and a person's session on it. The state folder keeps the CA
// certificate and the token between calls. Any thread.
class Connection {
 public:
  // CA_PIN_MISMATCH, CONTROLLER_UNREACHABLE. `clock` outlives it.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Settings& settings,
                                                          const base::Clock& clock);

  const Settings& settings() const { return settings_; }
  const std::string& person() const { return settings_.context.person; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  bool has_session() const;

  // With the key of the settings.
  absl::StatusOr<v1::SignedStatement> Sign(const contract::Statement& statement) const;

  // A challenge, signed, buys a token, which is saved.
  absl::StatusOr<v1::LoginResponse> Login();
  void ForgetSession();

  // One unary call with a deadline and the session's token. Logs in first, or again, where the settings sign in by
  // themselves; otherwise UNAUTHENTICATED says to log in. An unreachable controller is CONTROLLER_UNREACHABLE.
  using Attempt = std::function<grpc::Status(grpc::ClientContext*)>;
  absl::Status Call(absl::Duration deadline, const Attempt& attempt);

  // For streams: makes sure that there is a token, and puts it on the call.
  absl::Status EnsureSession();
  void Authorize(grpc::ClientContext* context) const;
  absl::Status FromGrpc(const grpc::Status& status) const;

 private:
  Connection(const Settings& settings, const base::Clock& clock);
  void SetToken(const base::Secret& token);

  const Settings settings_;
  const base::Clock& clock_;
  const State state_;
  std::shared_ptr<grpc::Channel> channel_;

  mutable base::Mutex mutex_;
  base::Secret token_ ABSL_GUARDED_BY(mutex_);
};

// Whether the error of a call that only reads is the connection's trouble, which a further attempt may find gone: the
// controller is out of reach, stopping, or slow.
bool MayPass(const absl::Status& status);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_CONNECTION_H_

#ifndef RESETCTL_AGENT_LINK_RENEWAL_H_
#define RESETCTL_AGENT_LINK_RENEWAL_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "agent/link/identity_file.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "resetctl/v1/agent_link.grpc.pb.h"

namespace resetctl::agent {

// A renewal of the agent's certificate on its way: a new certificate for the same key. Whoever answers cannot make it another
// target's (WRONG_AUDIENCE). Keeps itself alive until its end.
class Renewal {
 public:
  // Once, last, on a gRPC thread, with the renewal's hold on itself; see AttachStream::Handlers::on_end for where that may go.
  using Done = std::function<void(absl::StatusOr<Identity> renewed, std::shared_ptr<Renewal> self)>;

  // On a channel with the old certificate. An error: nothing was sent, and `done` is not called.
  static absl::StatusOr<std::shared_ptr<Renewal>> Start(std::shared_ptr<grpc::Channel> channel,
                                                        const Identity& identity, Done done);
  // When the old certificate has ended (TRUST §4): on a channel without, which shows it in the message.
  static absl::StatusOr<std::shared_ptr<Renewal>> StartExpired(
      std::shared_ptr<grpc::Channel> channel, const Identity& identity, Done done);

  // Thread-safe; `done` still comes.
  void Cancel() { context_.TryCancel(); }

 private:
  Renewal(std::shared_ptr<grpc::Channel> channel, const Identity& identity, Done done);

  void Finish(const grpc::Status& status, const std::string& certificate);
  absl::StatusOr<Identity> Read(const std::string& certificate) const;

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::AgentLinkService::Stub> stub_;
  const Identity identity_;
  Done done_;
  grpc::ClientContext context_;
  // gRPC's until the end; one pair is used.
  v1::RenewRequest request_;
  v1::RenewResponse response_;
  v1::RenewExpiredRequest expired_request_;
  v1::RenewExpiredResponse expired_response_;
  std::shared_ptr<Renewal> self_;  // until the end
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_LINK_RENEWAL_H_

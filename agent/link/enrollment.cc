#include "agent/link/enrollment.h"

#include <chrono>
#include <utility>

#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "proto/contract/reasons.h"
#include "proto/transport/status.h"
#include "proto/transport/tls.h"

namespace resetctl::agent {
namespace {

constexpr std::chrono::seconds kDeadline(20);

// A renewal on its way: keeps all that gRPC writes to until it is over.
template <typename Request, typename Response>
struct RenewCall {
  RenewCall(const std::shared_ptr<grpc::Channel>& channel, const Identity& old)
      : stub(v1::AgentLinkService::NewStub(channel)), identity(old) {
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  }

  // The same key with its new certificate. Whoever answers cannot make it another target's.
  absl::StatusOr<Identity> Result(const grpc::Status& status) const {
    if (!status.ok()) return transport::FromGrpc(status);
    absl::StatusOr<transport::CertificateFacts> facts =
        transport::ReadCertificate(response.certificate());
    if (!facts.ok()) return facts.status();
    if (facts->environment != identity.environment || facts->target != identity.target) {
      return contract::Error(v1::REASON_WRONG_AUDIENCE,
                             "the renewed certificate is for another target",
                             "Look into the controller.");
    }
    Identity renewed = identity;
    renewed.certificate_pem = response.certificate();
    renewed.not_before = facts->not_before;
    renewed.not_after = facts->not_after;
    return renewed;
  }

  const std::unique_ptr<v1::AgentLinkService::Stub> stub;
  const Identity identity;
  grpc::ClientContext context;
  Request request;
  Response response;
};

// What gRPC calls at the end. The call, and with it all that refers to the channel, goes before the answer is handed on: gRPC
// 1.51 does not survive that a channel's last reference is let go of by one of its own callbacks.
template <typename Call>
std::function<void(grpc::Status)> Finisher(std::shared_ptr<Call> call, RenewDone done) {
  return [call = std::move(call), done = std::move(done)](const grpc::Status& status) mutable {
    absl::StatusOr<Identity> result = call->Result(status);
    call.reset();
    done(std::move(result));
  };
}

}  // namespace

absl::StatusOr<Identity> Enroll(const std::string& controller, absl::string_view ca_pin,
                                const base::Secret& token) {
  absl::StatusOr<std::string> ca = transport::FetchPinnedCa(controller, ca_pin);
  if (!ca.ok()) return ca.status();
  absl::StatusOr<std::string> key = transport::MakeKey();
  if (!key.ok()) return key.status();
  absl::StatusOr<std::string> csr = transport::MakeCsr(*key);
  if (!csr.ok()) return csr.status();

  const std::shared_ptr<grpc::Channel> channel = grpc::CreateCustomChannel(
      controller, transport::PersonCredentials(*ca), transport::ClientArguments());
  const auto stub = v1::AgentLinkService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  v1::EnrollRequest request;
  request.set_token(token.Reveal());
  request.set_csr(*csr);
  v1::EnrollResponse response;
  const grpc::Status status = stub->Enroll(&context, request, &response);
  if (!status.ok()) return transport::FromGrpc(status);

  Identity identity;
  identity.key_pem = base::Secret(*std::move(key));
  identity.certificate_pem = response.certificate();
  identity.ca_pem = *std::move(ca);  // the pinned one, whatever the response says
  absl::StatusOr<transport::CertificateFacts> facts =
      transport::ReadCertificate(identity.certificate_pem);
  if (!facts.ok()) return facts.status();
  identity.environment = facts->environment;
  identity.target = facts->target;
  identity.not_before = facts->not_before;
  identity.not_after = facts->not_after;
  return identity;
}

std::shared_ptr<grpc::Channel> ConnectAgent(const std::string& controller,
                                            const Identity& identity) {
  grpc::ChannelArguments arguments = transport::ClientArguments();
  // A stream after a certificate's renewal must not share the connection that was made with the old one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(
      controller,
      transport::AgentCredentials(identity.ca_pem, identity.certificate_pem,
                                  identity.key_pem.Reveal()),
      arguments);
}

std::shared_ptr<grpc::Channel> ConnectWithoutCertificate(const std::string& controller,
                                                         const Identity& identity) {
  return grpc::CreateCustomChannel(controller, transport::PersonCredentials(identity.ca_pem),
                                   transport::ClientArguments());
}

void Renew(const std::shared_ptr<grpc::Channel>& channel, const Identity& identity,
           RenewDone done) {
  absl::StatusOr<std::string> csr = transport::MakeCsr(identity.key_pem.Reveal());
  if (!csr.ok()) return done(csr.status());
  auto call = std::make_shared<RenewCall<v1::RenewRequest, v1::RenewResponse>>(channel, identity);
  call->request.set_csr(*std::move(csr));
  RenewCall<v1::RenewRequest, v1::RenewResponse>& on_its_way = *call;
  on_its_way.stub->async()->Renew(&on_its_way.context, &on_its_way.request, &on_its_way.response,
                                  Finisher(std::move(call), std::move(done)));
}

void RenewExpired(const std::shared_ptr<grpc::Channel>& channel, const Identity& identity,
                  RenewDone done) {
  absl::StatusOr<std::string> csr = transport::MakeCsr(identity.key_pem.Reveal());
  if (!csr.ok()) return done(csr.status());
  auto call = std::make_shared<RenewCall<v1::RenewExpiredRequest, v1::RenewExpiredResponse>>(
      channel, identity);
  call->request.set_csr(*std::move(csr));
  call->request.set_certificate(identity.certificate_pem);
  RenewCall<v1::RenewExpiredRequest, v1::RenewExpiredResponse>& on_its_way = *call;
  on_its_way.stub->async()->RenewExpired(&on_its_way.context, &on_its_way.request,
                                         &on_its_way.response,
                                         Finisher(std::move(call), std::move(done)));
}

}  // namespace resetctl::agent

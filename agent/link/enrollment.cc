#include "agent/link/enrollment.h"

#include <chrono>
#include <utility>

#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "proto/transport/channel.h"
#include "proto/transport/status.h"
#include "proto/transport/tls.h"

namespace resetctl::agent {
namespace {

constexpr std::chrono::seconds kDeadline(20);

}  // namespace

absl::StatusOr<Identity> Enroll(const std::string& controller, absl::string_view ca_pin,
                                const base::Secret& token) {
  absl::StatusOr<std::string> ca = transport::FetchPinnedCa(controller, ca_pin);
  if (!ca.ok()) return ca.status();
  absl::StatusOr<std::string> key = transport::MakeKey();
  if (!key.ok()) return key.status();
  absl::StatusOr<std::string> csr = transport::MakeCsr(*key);
  if (!csr.ok()) return csr.status();

  const auto stub = v1::AgentLinkService::NewStub(
      transport::Connect(controller, transport::PersonCredentials(*ca)));
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

}  // namespace resetctl::agent

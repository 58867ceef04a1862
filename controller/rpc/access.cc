#include "controller/rpc/access.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "grpc/grpc_security_constants.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"
#include "proto/transport/tls.h"

namespace resetctl::controller {
namespace {

absl::string_view BearerToken(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  if (found == metadata.end() || metadata.count("authorization") != 1) return "";
  absl::string_view value(found->second.data(), found->second.size());
  return absl::ConsumePrefix(&value, "Bearer ") ? value : "";
}

absl::StatusOr<AgentIdentity> ReadAgent(const grpc::CallbackServerContext& context) {
  const std::vector<grpc::string_ref> pems =
      context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pems.size() != 1) {
    return contract::Error(v1::REASON_UNAUTHENTICATED, "this call needs an agent's certificate",
                           "enrol with a join token: reset-agent enroll");
  }
  absl::StatusOr<transport::CertificateFacts> facts =
      transport::ReadCertificate({pems.front().data(), pems.front().size()});
  if (!facts.ok()) return facts.status();
  if (facts->environment.empty() || facts->target.empty()) {
    return contract::Error(v1::REASON_UNAUTHENTICATED, "the certificate is not an agent's",
                           "enrol with a join token: reset-agent enroll");
  }
  AgentIdentity agent;
  agent.environment = facts->environment;
  agent.target = facts->target;
  agent.serial = facts->serial;
  agent.not_after = facts->not_after;
  return agent;
}

}  // namespace

std::string AddressOfPeer(const std::string& peer) {
  absl::string_view address = peer;
  if (!absl::ConsumePrefix(&address, "ipv4:") && !absl::ConsumePrefix(&address, "ipv6:")) {
    return peer;
  }
  const size_t colon = address.rfind(':');
  return base::Str(colon == absl::string_view::npos ? address : address.substr(0, colon));
}

absl::StatusOr<Identity> Access::Authorize(const RpcRule& rule,
                                           const grpc::CallbackServerContext& context) {
  Identity identity;
  identity.peer = AddressOfPeer(context.peer());
  switch (rule.who) {
    case Who::kAnybody:
      return identity;
    case Who::kPerson: {
      absl::StatusOr<Requester> person =
          sessions_.Authenticate(BearerToken(context), identity.peer);
      if (!person.ok()) return person.status();
      identity.person = *std::move(person);
      return identity;
    }
    case Who::kAgent: {
      absl::StatusOr<AgentIdentity> agent = ReadAgent(context);
      if (!agent.ok()) return agent.status();
      agent->peer = identity.peer;
      absl::Status status = enrolment_.CheckIdentity(*agent);
      if (!status.ok()) return status;
      identity.agent = *std::move(agent);
      return identity;
    }
  }
  return absl::InternalError("a rule without a kind of caller");
}

}  // namespace resetctl::controller

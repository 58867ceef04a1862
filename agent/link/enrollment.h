#ifndef RESETCTL_AGENT_LINK_ENROLLMENT_H_
#define RESETCTL_AGENT_LINK_ENROLLMENT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/link/identity_file.h"
#include "grpcpp/channel.h"
#include "proto/base/secret.h"
#include "resetctl/v1/agent_link.grpc.pb.h"

namespace resetctl::agent {

// Buys a certificate with a join token: takes the CA that fits the pin, connects with exactly that as the only root, and sends a
// CSR for a key made here. CA_PIN_MISMATCH, CONTROLLER_UNREACHABLE, TOKEN_INVALID. Nothing is stored.
absl::StatusOr<Identity> Enroll(const std::string& controller, absl::string_view ca_pin,
                                const base::Secret& token);

// A channel with the agent's certificate.
std::shared_ptr<grpc::Channel> ConnectAgent(const std::string& controller,
                                            const Identity& identity);

// The same without a certificate: no handshake accepts one that has ended.
std::shared_ptr<grpc::Channel> ConnectWithoutCertificate(const std::string& controller,
                                                         const Identity& identity);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_LINK_ENROLLMENT_H_

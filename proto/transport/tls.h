#ifndef RESETCTL_PROTO_TRANSPORT_TLS_H_
#define RESETCTL_PROTO_TRANSPORT_TLS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace grpc {
class ServerBuilder;
}

namespace resetctl::transport {

// TRUST §4, CA pin: opens a raw TLS connection to `address` (host:port), sends nothing, takes from
// the presented chain the certificate whose DER SHA-256 equals `pin` ("sha256:<hex>") and returns
// it as PEM. The caller connects again with exactly that as the only root. CA_PIN_MISMATCH when no
// certificate fits; CONTROLLER_UNREACHABLE when nobody answers within `timeout`.
absl::StatusOr<std::string> FetchPinnedCa(const std::string& address, absl::string_view pin,
                                          absl::Duration timeout = absl::Seconds(10));
// "sha256:<hex>" over the DER of a PEM certificate.
absl::StatusOr<std::string> CertificatePin(absl::string_view pem);

std::shared_ptr<grpc::ChannelCredentials> PersonCredentials(const std::string& ca_pem);
std::shared_ptr<grpc::ChannelCredentials> AgentCredentials(const std::string& ca_pem,
                                                           const std::string& certificate_pem,
                                                           const std::string& key_pem);
// One port: client certificates are asked for and verified against our CA when presented, not
// required.
std::shared_ptr<grpc::ServerCredentials> ControllerCredentials(const std::string& ca_pem,
                                                               const std::string& chain_pem,
                                                               const std::string& key_pem);

// Keepalive, message sizes (HABITS "gRPC, learned the hard way").
inline constexpr int kMaxMessageBytes = 32 << 20;
grpc::ChannelArguments ClientArguments();
void ConfigureServer(grpc::ServerBuilder* builder);

// X.509, by OpenSSL. Keys are EC P-256, PEM (PKCS#8).
struct KeyAndCertificate {
  std::string key_pem;
  std::string certificate_pem;
};
absl::StatusOr<KeyAndCertificate> MakeCa(absl::string_view common_name, absl::Time now,
                                         absl::Duration lifetime);
// A server certificate with DNS and IP subject alternative names.
absl::StatusOr<KeyAndCertificate> IssueServerCertificate(const KeyAndCertificate& ca,
                                                         const std::vector<std::string>& names,
                                                         absl::Time now, absl::Duration lifetime);
// The same names and key for another `lifetime`, as PEM.
absl::StatusOr<std::string> ReissueServerCertificate(const KeyAndCertificate& ca,
                                                     const KeyAndCertificate& old, absl::Time now,
                                                     absl::Duration lifetime);
absl::StatusOr<std::string> MakeKey();
absl::StatusOr<std::string> MakeCsr(absl::string_view key_pem);
// A clientAuth-only certificate for the CSR's key with the URI SAN AgentUri(environment, target).
absl::StatusOr<std::string> IssueAgentCertificate(const KeyAndCertificate& ca,
                                                  absl::string_view csr_pem,
                                                  absl::string_view environment,
                                                  absl::string_view target, absl::Time now,
                                                  absl::Duration lifetime);

// `certificate_pem` was issued by the CA, and `csr_pem` is signed by that certificate's key: who sent it has the key.
// INVALID_ARGUMENT otherwise. Says nothing about times and revocation.
absl::Status CheckSameKey(absl::string_view ca_pem, absl::string_view certificate_pem,
                          absl::string_view csr_pem);

struct CertificateFacts {
  std::string serial;  // hex
  absl::Time not_before, not_after;
  std::string environment, target;  // of the URI SAN; empty when there is none
};
absl::StatusOr<CertificateFacts> ReadCertificate(absl::string_view pem);
std::string AgentUri(absl::string_view environment,
                     absl::string_view target);  // resetctl://agent/ENV/TARGET

}  // namespace resetctl::transport

#endif  // RESETCTL_PROTO_TRANSPORT_TLS_H_

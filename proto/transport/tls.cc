#include "proto/transport/tls.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <grpc/impl/codegen/grpc_types.h>
#include <openssl/pem.h>
#include <sys/socket.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "grpcpp/server_builder.h"
#include "proto/base/pipe_signal.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"
#include "proto/transport/openssl_ptr.h"

namespace resetctl::transport {
namespace {

using Steady = std::chrono::steady_clock;

// Room for errors that name many tables (status.cc keeps them below it); gRPC's own default is 8
// KiB.
constexpr int kMaxMetadataBytes = 64 << 10;

absl::Status Unreachable(const std::string& address, absl::string_view what) {
  return contract::Error(v1::REASON_CONTROLLER_UNREACHABLE,
                         absl::StrCat("the controller at ", address, " is out of reach: ", what),
                         "Check the address, the network and whether the controller runs.");
}

struct HostPort {
  std::string host, port;
};

// 'host:port', '[::1]:port'.
absl::StatusOr<HostPort> Split(const std::string& address) {
  const size_t colon = address.rfind(':');
  HostPort parts;
  if (colon != std::string::npos) {
    parts.host = address.substr(0, colon);
    parts.port = address.substr(colon + 1);
  }
  absl::string_view inner = parts.host;
  if (absl::ConsumePrefix(&inner, "[") && absl::ConsumeSuffix(&inner, "]")) {
    parts.host = base::Str(inner);
  }
  if (parts.host.empty() || parts.port.empty()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           absl::StrCat("'", address, "' is not HOST:PORT"),
                           "Give the controller's address as controller.example.org:7443.");
  }
  return parts;
}

// RFC 6066 §3: no addresses in the server name indication.
bool IsAddress(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// False when `deadline` came first.
bool WaitFor(int fd, short events, Steady::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now()).count();
    if (left <= 0) return false;
    pollfd watched{fd, events, 0};
    const int ready = poll(&watched, 1, static_cast<int>(std::min<long>(left, 60000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// A connected, non-blocking socket: the first of the host's addresses that answers.
absl::StatusOr<int> Connect(const std::string& address, const HostPort& parts,
                            Steady::time_point deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(parts.host.c_str(), parts.port.c_str(), &hints, &found);
  if (error != 0) return Unreachable(address, gai_strerror(error));
  const absl::Cleanup freer = [found] { freeaddrinfo(found); };
  int failure = ETIMEDOUT;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    const int fd =
        socket(entry->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, entry->ai_protocol);
    if (fd < 0) continue;
    if (connect(fd, entry->ai_addr, entry->ai_addrlen) == 0) return fd;
    failure = errno;
    if (failure == EINPROGRESS) {
      failure = ETIMEDOUT;
      socklen_t size = sizeof(failure);
      if (WaitFor(fd, POLLOUT, deadline)) getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
      if (failure == 0) return fd;
    }
    close(fd);
  }
  return Unreachable(address, std::strerror(failure));
}

// The TLS handshake, and not one byte of an application. Nothing is verified: the pin will be.
absl::Status ShakeHands(const std::string& address, SSL* ssl, int fd, Steady::time_point deadline) {
  for (;;) {
    const int done = SSL_connect(ssl);
    if (done == 1) return absl::OkStatus();
    const int error = SSL_get_error(ssl, done);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      return Unreachable(address, "it does not speak TLS here");
    }
    if (!WaitFor(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
      return Unreachable(address, "the TLS handshake did not finish in time");
    }
  }
}

std::vector<Owned<X509>> AllCertificates(absl::string_view pem) {
  std::vector<Owned<X509>> certificates;
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  for (;;) {
    Owned<X509> next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) return certificates;
    certificates.push_back(std::move(next));
  }
}

// The chain with the CA's certificate at its end: whoever pins the CA must be able to find it
// there.
std::string WithCa(const std::string& chain_pem, const std::string& ca_pem) {
  const auto ca = ParseCertificate(ca_pem);
  if (!ca.ok()) return chain_pem;
  for (const Owned<X509>& certificate : AllCertificates(chain_pem)) {
    if (X509_cmp(certificate.get(), ca->get()) == 0) return chain_pem;
  }
  return absl::StrCat(chain_pem, absl::EndsWith(chain_pem, "\n") ? "" : "\n", ca_pem);
}

}  // namespace

absl::StatusOr<std::string> FetchPinnedCa(const std::string& address, absl::string_view pin,
                                          absl::Duration timeout) {
  const auto parts = Split(address);
  if (!parts.ok()) return parts.status();
  const Steady::time_point deadline = Steady::now() + absl::ToChronoMilliseconds(timeout);
  const auto socket = Connect(address, *parts, deadline);
  if (!socket.ok()) return socket.status();
  const absl::Cleanup closer = [fd = *socket] { close(fd); };

  const base::PipeSignalBlocked blocked;
  const Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return Unreachable(address, "OpenSSL could not start");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const Owned<SSL> ssl(SSL_new(context.get()));
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};  // a gRPC server may insist
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2));
  if (!IsAddress(parts->host)) SSL_set_tlsext_host_name(ssl.get(), parts->host.c_str());
  SSL_set_fd(ssl.get(), *socket);
  const absl::Status shaken = ShakeHands(address, ssl.get(), *socket, deadline);
  if (!shaken.ok()) return shaken;

  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl.get());
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* const certificate = sk_X509_value(chain, i);
    if (base::EqualInConstantTime(PinOf(certificate), pin)) return CertificateToPem(certificate);
  }
  return contract::Error(
      v1::REASON_CA_PIN_MISMATCH,
      absl::StrCat("the server at ", address, " shows no certificate with the pin ", pin),
      "Compare the pin with the one that the controller prints; if they agree, somebody is between "
      "you and the controller.");
}

std::shared_ptr<grpc::ChannelCredentials> PersonCredentials(const std::string& ca_pem) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca_pem;
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> AgentCredentials(const std::string& ca_pem,
                                                           const std::string& certificate_pem,
                                                           const std::string& key_pem) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca_pem;
  options.pem_cert_chain = certificate_pem;
  options.pem_private_key = key_pem;
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> ControllerCredentials(const std::string& ca_pem,
                                                               const std::string& chain_pem,
                                                               const std::string& key_pem) {
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = ca_pem;
  options.pem_key_cert_pairs.push_back({key_pem, WithCa(chain_pem, ca_pem)});
  return grpc::SslServerCredentials(options);
}

grpc::ChannelArguments ClientArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return arguments;
}

void ConfigureServer(grpc::ServerBuilder* builder) {
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  // Two controllers on one port would share connections without a word.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder->SetMaxSendMessageSize(kMaxMessageBytes);
}

}  // namespace resetctl::transport

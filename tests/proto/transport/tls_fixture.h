#ifndef RESETCTL_TESTS_PROTO_TRANSPORT_TLS_FIXTURE_H_
#define RESETCTL_TESTS_PROTO_TRANSPORT_TLS_FIXTURE_H_

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"
#include "proto/transport/tls.h"
#include "resetctl/v1/login.grpc.pb.h"

namespace resetctl::transport {

// gRPC verifies against the machine's clock, so these certificates are of now.
inline KeyAndCertificate FreshCa(absl::string_view name) {
  return MakeCa(name, absl::Now(), absl::Hours(1)).value();
}
inline KeyAndCertificate ServerOf(const KeyAndCertificate& ca,
                                  const std::vector<std::string>& names = {"127.0.0.1"}) {
  return IssueServerCertificate(ca, names, absl::Now(), absl::Hours(1)).value();
}

// Answers every logout with what TLS says about the caller.
class TlsEcho final : public v1::LoginService::Service {
  grpc::Status Logout(grpc::ServerContext* context, const v1::LogoutRequest*,
                      v1::LogoutResponse*) override {
    std::string uris;
    for (const auto& uri :
         context->auth_context()->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
      uris.append(uri.data(), uri.size());
    }
    return grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "caller:" + uris);
  }
};

// A real gRPC server on a free port of the loopback.
class TlsServer {
 public:
  explicit TlsServer(const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    grpc::ServerBuilder builder;
    ConfigureServer(&builder);
    builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~TlsServer() {
    if (server_ != nullptr) server_->Shutdown();
  }
  bool running() const { return server_ != nullptr && port_ > 0; }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  TlsEcho service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// One call; "caller:..." when TLS let it through, else what gRPC says.
inline grpc::Status Call(const std::string& address,
                         const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  const auto channel = grpc::CreateCustomChannel(address, credentials, ClientArguments());
  const auto stub = v1::LoginService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::LogoutResponse response;
  return stub->Logout(&context, v1::LogoutRequest(), &response);
}

}  // namespace resetctl::transport

#endif  // RESETCTL_TESTS_PROTO_TRANSPORT_TLS_FIXTURE_H_

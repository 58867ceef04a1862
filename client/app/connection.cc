#include "client/app/connection.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/app/statements.h"
#include "client/output/times.h"
#include "grpcpp/grpcpp.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_signature.h"
#include "proto/transport/channel.h"
#include "proto/transport/status.h"
#include "proto/transport/tls.h"
#include "resetctl/v1/login.grpc.pb.h"

namespace resetctl::client {
namespace {

constexpr absl::Duration kLoginDeadline = absl::Seconds(15);

void SetDeadline(grpc::ClientContext* context, absl::Duration deadline) {
  context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline));
}

// The last failure of several addresses is the one that gRPC tells: "...; last error: UNKNOWN: ipv4:10.0.0.1:7443: Failed to
// connect to remote host: Connection refused".
std::string WhyNot(absl::string_view message) {
  constexpr absl::string_view kLast = "last error: ";
  const size_t last = message.rfind(kLast);
  if (last != absl::string_view::npos) message.remove_prefix(last + kLast.size());
  absl::ConsumePrefix(&message, "UNKNOWN: ");
  return base::ToValidUtf8(message);
}

bool NeedsLogin(const absl::Status& status) {
  const v1::Reason reason = contract::ReasonOf(status);
  return !status.ok() &&
         (reason == v1::REASON_UNAUTHENTICATED || reason == v1::REASON_SESSION_EXPIRED);
}

}  // namespace

bool MayPass(const absl::Status& status) {
  const v1::Reason reason = contract::ReasonOf(status);
  // What was going on when the controller's time to stop was over is cut off without a word.
  if (status.code() == absl::StatusCode::kCancelled) return reason == v1::REASON_OUTCOME_UNKNOWN;
  return reason == v1::REASON_CONTROLLER_UNREACHABLE || reason == v1::REASON_DRAINING ||
         reason == v1::REASON_DEADLINE || status.code() == absl::StatusCode::kUnavailable;
}

Connection::Connection(const Settings& settings, const base::Clock& clock)
    : settings_(settings), clock_(clock), state_(settings.state_folder) {}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Settings& settings,
                                                             const base::Clock& clock) {
  std::unique_ptr<Connection> connection(new Connection(settings, clock));
  const Context& context = settings.context;
  std::optional<std::string> ca = connection->state_.Ca(context.ca_pin);
  if (!ca.has_value()) {
    auto fetched = transport::FetchPinnedCa(context.controller, context.ca_pin);
    if (!fetched.ok()) return fetched.status();
    ca = *std::move(fetched);
    connection->state_.SaveCa(*ca).IgnoreError();  // a cache
  }
  connection->channel_ = transport::Connect(context.controller, transport::PersonCredentials(*ca));
  const std::optional<SavedSession> session = connection->state_.Session(clock.Now());
  if (session.has_value()) connection->SetToken(session->token);
  return connection;
}

bool Connection::has_session() const {
  base::MutexLock lock(mutex_);
  return !token_.empty();
}

void Connection::SetToken(const base::Secret& token) {
  base::MutexLock lock(mutex_);
  token_ = token;
}

absl::StatusOr<v1::SignedStatement> Connection::Sign(const contract::Statement& statement) const {
  if (settings_.context.key.empty()) {
    return contract::Error(
        v1::REASON_CONFIG_INVALID, "no key to sign with",
        absl::StrCat("resetctl context set ",
                     settings_.context.name.empty() ? "NAME" : settings_.context.name,
                     " --key FILE, or RESETCTL_KEY"));
  }
  return contract::SignStatement(statement, settings_.context.key);
}

absl::StatusOr<v1::LoginResponse> Connection::Login() {
  const std::unique_ptr<v1::LoginService::Stub> stub = v1::LoginService::NewStub(channel_);
  v1::CreateChallengeRequest ask;
  ask.set_person(person());
  v1::CreateChallengeResponse challenge;
  {
    grpc::ClientContext context;
    SetDeadline(&context, kLoginDeadline);
    const absl::Status status = FromGrpc(stub->CreateChallenge(&context, ask, &challenge));
    if (!status.ok()) return status;
  }
  const auto statement =
      LoginStatement(settings_.context.ca_pin, challenge.challenge(), person(), clock_.Now());
  if (!statement.ok()) return statement.status();
  auto signed_statement = Sign(*statement);
  if (!signed_statement.ok()) return signed_statement.status();

  v1::LoginRequest request;
  *request.mutable_statement() = *std::move(signed_statement);
  v1::LoginResponse response;
  grpc::ClientContext context;
  SetDeadline(&context, kLoginDeadline);
  const absl::Status status = FromGrpc(stub->Login(&context, request, &response));
  if (!status.ok()) return status;
  const base::Secret token(response.token());
  SetToken(token);
  // Without it this call is served all the same.
  state_.SaveSession({token, TimeOf(response.expire_time())}).IgnoreError();
  return response;
}

void Connection::ForgetSession() {
  SetToken(base::Secret());
  state_.ForgetSession();
}

absl::Status Connection::EnsureSession() {
  if (has_session()) return absl::OkStatus();
  if (!settings_.signs_in_by_itself) {
    return contract::Error(
        v1::REASON_UNAUTHENTICATED,
        absl::StrCat("no session at ", settings_.context.controller, " as ", person()),
        "resetctl login");
  }
  return Login().status();
}

void Connection::Authorize(grpc::ClientContext* context) const {
  base::MutexLock lock(mutex_);
  if (!token_.empty()) {
    context->AddMetadata("authorization", absl::StrCat("Bearer ", token_.Reveal()));
  }
}

absl::Status Connection::Call(absl::Duration deadline, const Attempt& attempt) {
  absl::Status status = EnsureSession();
  if (!status.ok()) return status;
  const auto once = [&] {
    grpc::ClientContext context;
    SetDeadline(&context, deadline);
    Authorize(&context);
    return FromGrpc(attempt(&context));
  };
  status = once();
  if (!NeedsLogin(status)) return status;
  ForgetSession();
  if (!settings_.signs_in_by_itself) return status;
  status = Login().status();
  return status.ok() ? once() : status;
}

absl::Status Connection::FromGrpc(const grpc::Status& status) const {
  absl::Status received = transport::FromGrpc(status);
  if (received.ok() || !status.error_details().empty()) return received;
  // No word of the controller's: the connection itself failed.
  const std::string& address = settings_.context.controller;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    return contract::Error(v1::REASON_CONTROLLER_UNREACHABLE,
                           absl::StrCat("the controller at ", address, " is out of reach (",
                                        WhyNot(status.error_message()), ")"),
                           "is it running, and is the address right? resetctl doctor looks closer");
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return contract::Error(v1::REASON_DEADLINE,
                           absl::StrCat("the controller at ", address, " did not answer in time"),
                           "try again; resetctl list shows what was done meanwhile");
  }
  return received;
}

}  // namespace resetctl::client

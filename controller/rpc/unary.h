#ifndef RESETCTL_CONTROLLER_RPC_UNARY_H_
#define RESETCTL_CONTROLLER_RPC_UNARY_H_

#include <exception>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/rpc/access.h"
#include "controller/rpc/executor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "proto/base/log.h"
#include "proto/contract/reasons.h"
#include "proto/transport/status.h"

namespace resetctl::controller {

// What every RPC needs before its service.
struct Gateway {
  Access& access;
  Executor& executor;
};

inline absl::Status Overloaded() {
  return contract::Error(v1::REASON_DRAINING, "the controller takes no more work now",
                         "try again in a moment");
}

// Runs `work` for the caller, on the executor, once authorised: work(const Identity&, reactor) finishes the reactor, now or
// later. Exceptions of libraries end here.
template <typename Work>
grpc::ServerUnaryReactor* ServeLater(Gateway& gateway, const RpcRule& rule,
                                     grpc::CallbackServerContext* context, Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool taken = gateway.executor.Submit([&gateway, rule, context, reactor, work] {
    absl::StatusOr<Identity> who = gateway.access.Authorize(rule, *context);
    if (!who.ok()) {
      reactor->Finish(transport::ToGrpc(who.status()));
      return;
    }
    work(*who, reactor);
  });
  if (!taken) reactor->Finish(transport::ToGrpc(Overloaded()));
  return reactor;
}

// The same for a service that answers at once: work(const Identity&) -> absl::Status.
template <typename Work>
grpc::ServerUnaryReactor* Serve(Gateway& gateway, const RpcRule& rule,
                                grpc::CallbackServerContext* context, Work work) {
  return ServeLater(gateway, rule, context,
                    [work](const Identity& who, grpc::ServerUnaryReactor* reactor) {
                      absl::Status status;
                      try {
                        status = work(who);
                      } catch (const std::exception& error) {
                        base::Log(base::LogLevel::kError, "a call failed unexpectedly",
                                  {{"error", error.what()}});
                        status = absl::InternalError("the controller failed unexpectedly");
                      }
                      reactor->Finish(transport::ToGrpc(status));
                    });
}

// Moves a service's answer into the response.
template <typename Response>
absl::Status Give(absl::StatusOr<Response> from, Response* to) {
  if (!from.ok()) return from.status();
  *to = *std::move(from);
  return absl::OkStatus();
}

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_UNARY_H_

#ifndef RESETCTL_CONTROLLER_RPC_RUN_RPC_H_
#define RESETCTL_CONTROLLER_RPC_RUN_RPC_H_

#include <memory>

#include "controller/rpc/unary.h"
#include "controller/rpc/watch_reactor.h"
#include "controller/service/reviews.h"
#include "controller/service/runs.h"

namespace grpc {
class Service;
}

namespace resetctl::controller {

// `open` makes the watch of an authorised caller.
std::unique_ptr<grpc::Service> MakeRunRpc(Gateway& gateway, Runs& runs, Reviews& reviews,
                                          WatchRegistry& watches, OpenWatch open);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_RUN_RPC_H_

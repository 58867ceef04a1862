#ifndef RESETCTL_CONTROLLER_RPC_AUDIT_RPC_H_
#define RESETCTL_CONTROLLER_RPC_AUDIT_RPC_H_

#include <memory>

#include "controller/rpc/unary.h"
#include "controller/service/audit_reader.h"

namespace grpc {
class Service;
}

namespace resetctl::controller {

std::unique_ptr<grpc::Service> MakeAuditRpc(Gateway& gateway, AuditReader& reader);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_AUDIT_RPC_H_

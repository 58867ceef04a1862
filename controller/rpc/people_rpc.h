#ifndef RESETCTL_CONTROLLER_RPC_PEOPLE_RPC_H_
#define RESETCTL_CONTROLLER_RPC_PEOPLE_RPC_H_

#include <memory>
#include <vector>

#include "controller/rpc/unary.h"
#include "controller/service/administration.h"
#include "controller/service/approvals.h"
#include "controller/service/catalogue.h"
#include "controller/service/enrolment.h"
#include "controller/service/plans.h"
#include "controller/service/rebinds.h"
#include "controller/service/sessions.h"

namespace grpc {
class Service;
}

namespace resetctl::controller {

// The gRPC faces of what people call, but for runs (run_rpc.h) and the audit log (audit_rpc.h). Each method: authorisation, then a service that knows no
// gRPC. Arguments outlive the result.
std::unique_ptr<grpc::Service> MakeLoginRpc(Gateway& gateway, Sessions& sessions);
std::unique_ptr<grpc::Service> MakePlanRpc(Gateway& gateway, Plans& plans);
std::unique_ptr<grpc::Service> MakeApprovalRpc(Gateway& gateway, Approvals& approvals);
std::unique_ptr<grpc::Service> MakeEnvironmentRpc(Gateway& gateway, Catalogue& catalogue,
                                                  Administration& administration);
std::unique_ptr<grpc::Service> MakeTargetRpc(Gateway& gateway, Catalogue& catalogue,
                                             Enrolment& enrolment, Rebinds& rebinds);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_PEOPLE_RPC_H_

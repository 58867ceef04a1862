#ifndef RESETCTL_CONTROLLER_RPC_AGENT_LINK_RPC_H_
#define RESETCTL_CONTROLLER_RPC_AGENT_LINK_RPC_H_

#include <memory>

#include "controller/rpc/unary.h"
#include "controller/service/agent_desk.h"
#include "controller/service/enrolment.h"
#include "controller/service/scheduler.h"

namespace grpc {
class Service;
}

namespace resetctl::controller {

std::unique_ptr<grpc::Service> MakeAgentLinkRpc(Gateway& gateway, Enrolment& enrolment,
                                                AgentDesk& desk, Scheduler& scheduler);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_AGENT_LINK_RPC_H_

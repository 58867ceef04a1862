#ifndef RESETCTL_TESTS_CONTROLLER_RPC_WIRE_H_
#define RESETCTL_TESTS_CONTROLLER_RPC_WIRE_H_

#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/approval.pb.h"
#include "resetctl/v1/audit.pb.h"
#include "resetctl/v1/environment.pb.h"
#include "resetctl/v1/event.pb.h"
#include "resetctl/v1/login.pb.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/reason.pb.h"
#include "resetctl/v1/run.pb.h"
#include "resetctl/v1/statement.pb.h"
#include "resetctl/v1/target.pb.h"

namespace resetctl {

// Every file of the wire.
inline std::vector<const google::protobuf::FileDescriptor*> WireFiles() {
  return {v1::AgentHello::descriptor()->file(), v1::DecidePlanRequest::descriptor()->file(),
          v1::AuditEntry::descriptor()->file(), v1::Environment::descriptor()->file(),
          v1::RunEvent::descriptor()->file(),   v1::LoginRequest::descriptor()->file(),
          v1::Plan::descriptor()->file(),       v1::Problem::descriptor()->file(),
          v1::Run::descriptor()->file(),        v1::SignedStatement::descriptor()->file(),
          v1::Target::descriptor()->file()};
}

}  // namespace resetctl

#endif  // RESETCTL_TESTS_CONTROLLER_RPC_WIRE_H_

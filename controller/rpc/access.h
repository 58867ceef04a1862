#ifndef RESETCTL_CONTROLLER_RPC_ACCESS_H_
#define RESETCTL_CONTROLLER_RPC_ACCESS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "controller/service/enrolment.h"
#include "controller/service/requester.h"
#include "controller/service/sessions.h"
#include "grpcpp/server_context.h"

namespace resetctl::controller {

enum class Who {
  kAnybody,  // before a login or an enrolment: the request itself carries the proof
  kPerson,   // a session token in the metadata: `authorization: Bearer <token>`
  kAgent,    // a client certificate of ours, not revoked
};

struct RpcRule {
  std::string_view method;  // 'PlanService/CreatePlan', in package resetctl.v1
  Who who = Who::kPerson;
};

// Every RPC that there is, and who may call it at all; roles within an environment are the services' matter. A test walks
// the descriptors and fails when one is missing here.
inline constexpr RpcRule kRpcRules[] = {
    {"LoginService/CreateChallenge", Who::kAnybody},
    {"LoginService/Login", Who::kAnybody},
    {"LoginService/Logout", Who::kPerson},
    {"LoginService/GetIdentity", Who::kPerson},
    {"LoginService/ListSessions", Who::kPerson},
    {"LoginService/RevokeSession", Who::kPerson},
    {"PlanService/CreatePlan", Who::kPerson},
    {"PlanService/GetPlan", Who::kPerson},
    {"PlanService/ListPlans", Who::kPerson},
    {"PlanService/WithdrawPlan", Who::kPerson},
    {"PlanService/GetBundle", Who::kPerson},
    {"ApprovalService/DecidePlan", Who::kPerson},
    {"RunService/StartRun", Who::kPerson},
    {"RunService/GetRun", Who::kPerson},
    {"RunService/ListRuns", Who::kPerson},
    {"RunService/WatchRun", Who::kPerson},
    {"RunService/CancelRun", Who::kPerson},
    {"RunService/ResumeRun", Who::kPerson},
    {"RunService/ReviewRun", Who::kPerson},
    {"EnvironmentService/ListEnvironments", Who::kPerson},
    {"EnvironmentService/GetEnvironment", Who::kPerson},
    {"EnvironmentService/GetPolicy", Who::kPerson},
    {"EnvironmentService/ApplyPolicy", Who::kPerson},
    {"EnvironmentService/FreezeEnvironment", Who::kPerson},
    {"EnvironmentService/UnfreezeEnvironment", Who::kPerson},
    {"TargetService/ListTargets", Who::kPerson},
    {"TargetService/GetTarget", Who::kPerson},
    {"TargetService/ListAgents", Who::kPerson},
    {"TargetService/InviteAgent", Who::kPerson},
    {"TargetService/RevokeAgent", Who::kPerson},
    {"TargetService/RebindTarget", Who::kPerson},
    {"AuditService/ListEntries", Who::kPerson},
    {"AuditService/GetCheckpoint", Who::kPerson},
    {"AuditService/GetConsistencyProof", Who::kPerson},
    {"AuditService/GetInclusionProof", Who::kPerson},
    {"AuditService/ExportEntries", Who::kPerson},
    {"AuditService/ListCosignatures", Who::kPerson},
    {"AgentLinkService/Enroll", Who::kAnybody},
    {"AgentLinkService/Renew", Who::kAgent},
    {"AgentLinkService/RenewExpired", Who::kAnybody},
    {"AgentLinkService/Attach", Who::kAgent},
};

// The rule of a method; a method without one does not compile.
consteval RpcRule RuleOf(std::string_view method) {
  for (const RpcRule& rule : kRpcRules) {
    if (rule.method == method) return rule;
  }
  throw "this RPC is missing in kRpcRules";
}

// Who is calling, as proved. `person` or `agent` is filled in, as the rule says.
struct Identity {
  std::string peer;  // address without port
  Requester person;
  AgentIdentity agent;
};

// The one place where a call is authorised.
class Access {
 public:
  Access(Sessions& sessions, Enrolment& enrolment) : sessions_(sessions), enrolment_(enrolment) {}

  // Blocks on the store: never in a reaction.
  absl::StatusOr<Identity> Authorize(const RpcRule& rule,
                                     const grpc::CallbackServerContext& context);

 private:
  Sessions& sessions_;
  Enrolment& enrolment_;
};

// 'ipv4:127.0.0.1:40312' -> '127.0.0.1'.
std::string AddressOfPeer(const std::string& peer);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_ACCESS_H_

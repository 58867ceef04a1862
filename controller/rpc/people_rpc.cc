#include "controller/rpc/people_rpc.h"

#include <chrono>
#include <utility>

#include "absl/time/time.h"
#include "resetctl/v1/approval.grpc.pb.h"
#include "resetctl/v1/environment.grpc.pb.h"
#include "resetctl/v1/login.grpc.pb.h"
#include "resetctl/v1/plan.grpc.pb.h"
#include "resetctl/v1/target.grpc.pb.h"

namespace resetctl::controller {
namespace {

// How long the caller waits; the service has a limit of its own.
absl::Duration PatienceOf(const grpc::CallbackServerContext& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) {
    return absl::InfiniteDuration();
  }
  // gRPC counts by a steady clock: the date is only how it tells the rest.
  return absl::FromChrono(deadline - std::chrono::system_clock::now());
}

class LoginRpc final : public v1::LoginService::CallbackService {
 public:
  LoginRpc(Gateway& gateway, Sessions& sessions) : gateway_(gateway), sessions_(sessions) {}

  grpc::ServerUnaryReactor* CreateChallenge(grpc::CallbackServerContext* context,
                                            const v1::CreateChallengeRequest* request,
                                            v1::CreateChallengeResponse* response) override {
    return Serve(gateway_, RuleOf("LoginService/CreateChallenge"), context,
                 [=, this](const Identity& who) {
                   return Give(sessions_.CreateChallenge(*request, who.peer), response);
                 });
  }

  grpc::ServerUnaryReactor* Login(grpc::CallbackServerContext* context,
                                  const v1::LoginRequest* request,
                                  v1::LoginResponse* response) override {
    return Serve(gateway_, RuleOf("LoginService/Login"), context, [=, this](const Identity& who) {
      return Give(sessions_.Login(*request, who.peer), response);
    });
  }

  grpc::ServerUnaryReactor* Logout(grpc::CallbackServerContext* context, const v1::LogoutRequest*,
                                   v1::LogoutResponse*) override {
    return Serve(gateway_, RuleOf("LoginService/Logout"), context,
                 [=, this](const Identity& who) { return sessions_.Logout(who.person); });
  }

  grpc::ServerUnaryReactor* GetIdentity(grpc::CallbackServerContext* context,
                                        const v1::GetIdentityRequest*,
                                        v1::GetIdentityResponse* response) override {
    return Serve(gateway_, RuleOf("LoginService/GetIdentity"), context,
                 [=, this](const Identity& who) {
                   *response = sessions_.GetIdentity(who.person);
                   return absl::OkStatus();
                 });
  }

  grpc::ServerUnaryReactor* ListSessions(grpc::CallbackServerContext* context,
                                         const v1::ListSessionsRequest*,
                                         v1::ListSessionsResponse* response) override {
    return Serve(
        gateway_, RuleOf("LoginService/ListSessions"), context,
        [=, this](const Identity& who) { return Give(sessions_.List(who.person), response); });
  }

  grpc::ServerUnaryReactor* RevokeSession(grpc::CallbackServerContext* context,
                                          const v1::RevokeSessionRequest* request,
                                          v1::RevokeSessionResponse* response) override {
    return Serve(gateway_, RuleOf("LoginService/RevokeSession"), context,
                 [=, this](const Identity& who) {
                   return Give(sessions_.Revoke(who.person, *request), response);
                 });
  }

 private:
  Gateway& gateway_;
  Sessions& sessions_;
};

class PlanRpc final : public v1::PlanService::CallbackService {
 public:
  PlanRpc(Gateway& gateway, Plans& plans) : gateway_(gateway), plans_(plans) {}

  grpc::ServerUnaryReactor* CreatePlan(grpc::CallbackServerContext* context,
                                       const v1::CreatePlanRequest* request,
                                       v1::CreatePlanResponse* response) override {
    return ServeLater(gateway_, RuleOf("PlanService/CreatePlan"), context,
                      [=, this](const Identity& who, grpc::ServerUnaryReactor* reactor) {
                        // No thread waits for the agent: the reply finishes the call.
                        plans_.Create(
                            who.person, *request, PatienceOf(*context),
                            [reactor, response](absl::StatusOr<v1::CreatePlanResponse> made) {
                              reactor->Finish(transport::ToGrpc(Give(std::move(made), response)));
                            });
                      });
  }

  grpc::ServerUnaryReactor* GetPlan(grpc::CallbackServerContext* context,
                                    const v1::GetPlanRequest* request,
                                    v1::GetPlanResponse* response) override {
    return Serve(gateway_, RuleOf("PlanService/GetPlan"), context, [=, this](const Identity& who) {
      return Give(plans_.Get(who.person, *request), response);
    });
  }

  grpc::ServerUnaryReactor* ListPlans(grpc::CallbackServerContext* context,
                                      const v1::ListPlansRequest* request,
                                      v1::ListPlansResponse* response) override {
    return Serve(gateway_, RuleOf("PlanService/ListPlans"), context,
                 [=, this](const Identity& who) {
                   return Give(plans_.List(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* WithdrawPlan(grpc::CallbackServerContext* context,
                                         const v1::WithdrawPlanRequest* request,
                                         v1::WithdrawPlanResponse* response) override {
    return Serve(gateway_, RuleOf("PlanService/WithdrawPlan"), context,
                 [=, this](const Identity& who) {
                   return Give(plans_.Withdraw(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* GetBundle(grpc::CallbackServerContext* context,
                                      const v1::GetBundleRequest* request,
                                      v1::GetBundleResponse* response) override {
    return Serve(gateway_, RuleOf("PlanService/GetBundle"), context,
                 [=, this](const Identity& who) {
                   return Give(plans_.GetBundle(who.person, *request), response);
                 });
  }

 private:
  Gateway& gateway_;
  Plans& plans_;
};

class ApprovalRpc final : public v1::ApprovalService::CallbackService {
 public:
  ApprovalRpc(Gateway& gateway, Approvals& approvals) : gateway_(gateway), approvals_(approvals) {}

  grpc::ServerUnaryReactor* DecidePlan(grpc::CallbackServerContext* context,
                                       const v1::DecidePlanRequest* request,
                                       v1::DecidePlanResponse* response) override {
    return Serve(gateway_, RuleOf("ApprovalService/DecidePlan"), context,
                 [=, this](const Identity& who) {
                   return Give(approvals_.Decide(who.person, *request), response);
                 });
  }

 private:
  Gateway& gateway_;
  Approvals& approvals_;
};

class EnvironmentRpc final : public v1::EnvironmentService::CallbackService {
 public:
  EnvironmentRpc(Gateway& gateway, Catalogue& catalogue, Administration& administration)
      : gateway_(gateway), catalogue_(catalogue), administration_(administration) {}

  grpc::ServerUnaryReactor* ListEnvironments(grpc::CallbackServerContext* context,
                                             const v1::ListEnvironmentsRequest*,
                                             v1::ListEnvironmentsResponse* response) override {
    return Serve(gateway_, RuleOf("EnvironmentService/ListEnvironments"), context,
                 [=, this](const Identity& who) {
                   return Give(catalogue_.ListEnvironments(who.person), response);
                 });
  }

  grpc::ServerUnaryReactor* GetEnvironment(grpc::CallbackServerContext* context,
                                           const v1::GetEnvironmentRequest* request,
                                           v1::GetEnvironmentResponse* response) override {
    return Serve(gateway_, RuleOf("EnvironmentService/GetEnvironment"), context,
                 [=, this](const Identity& who) {
                   return Give(catalogue_.GetEnvironment(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* GetPolicy(grpc::CallbackServerContext* context,
                                      const v1::GetPolicyRequest*,
                                      v1::GetPolicyResponse* response) override {
    return Serve(gateway_, RuleOf("EnvironmentService/GetPolicy"), context,
                 [=, this](const Identity&) {
                   *response = catalogue_.GetPolicy();
                   return absl::OkStatus();
                 });
  }

  grpc::ServerUnaryReactor* ApplyPolicy(grpc::CallbackServerContext* context,
                                        const v1::ApplyPolicyRequest* request,
                                        v1::ApplyPolicyResponse* response) override {
    return Serve(gateway_, RuleOf("EnvironmentService/ApplyPolicy"), context,
                 [=, this](const Identity& who) {
                   return Give(administration_.ApplyPolicy(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* FreezeEnvironment(grpc::CallbackServerContext* context,
                                              const v1::FreezeEnvironmentRequest* request,
                                              v1::FreezeEnvironmentResponse* response) override {
    return Serve(gateway_, RuleOf("EnvironmentService/FreezeEnvironment"), context,
                 [=, this](const Identity& who) {
                   const absl::Status done = administration_.Freeze(who.person, *request);
                   return done.ok() ? ShowEnvironment(who, request->environment(), response) : done;
                 });
  }

  grpc::ServerUnaryReactor* UnfreezeEnvironment(
      grpc::CallbackServerContext* context, const v1::UnfreezeEnvironmentRequest* request,
      v1::UnfreezeEnvironmentResponse* response) override {
    return Serve(gateway_, RuleOf("EnvironmentService/UnfreezeEnvironment"), context,
                 [=, this](const Identity& who) {
                   const absl::Status done = administration_.Unfreeze(who.person, *request);
                   return done.ok() ? ShowEnvironment(who, request->environment(), response) : done;
                 });
  }

 private:
  // As it is after a change of it. Whoever may not read it is told no more than that it was done.
  template <typename Response>
  absl::Status ShowEnvironment(const Identity& who, const std::string& name, Response* response) {
    v1::GetEnvironmentRequest wanted;
    wanted.set_name(name);
    absl::StatusOr<v1::GetEnvironmentResponse> shown =
        catalogue_.GetEnvironment(who.person, wanted);
    if (shown.ok()) {
      *response->mutable_environment() = std::move(*shown->mutable_environment());
    } else if (!absl::IsPermissionDenied(shown.status())) {
      return shown.status();
    }
    return absl::OkStatus();
  }

  Gateway& gateway_;
  Catalogue& catalogue_;
  Administration& administration_;
};

class TargetRpc final : public v1::TargetService::CallbackService {
 public:
  TargetRpc(Gateway& gateway, Catalogue& catalogue, Enrolment& enrolment, Rebinds& rebinds)
      : gateway_(gateway), catalogue_(catalogue), enrolment_(enrolment), rebinds_(rebinds) {}

  grpc::ServerUnaryReactor* ListTargets(grpc::CallbackServerContext* context,
                                        const v1::ListTargetsRequest* request,
                                        v1::ListTargetsResponse* response) override {
    return Serve(gateway_, RuleOf("TargetService/ListTargets"), context,
                 [=, this](const Identity& who) {
                   return Give(catalogue_.ListTargets(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* GetTarget(grpc::CallbackServerContext* context,
                                      const v1::GetTargetRequest* request,
                                      v1::GetTargetResponse* response) override {
    return Serve(gateway_, RuleOf("TargetService/GetTarget"), context,
                 [=, this](const Identity& who) {
                   return Give(catalogue_.GetTarget(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* ListAgents(grpc::CallbackServerContext* context,
                                       const v1::ListAgentsRequest*,
                                       v1::ListAgentsResponse* response) override {
    return Serve(
        gateway_, RuleOf("TargetService/ListAgents"), context,
        [=, this](const Identity& who) { return Give(enrolment_.List(who.person), response); });
  }

  grpc::ServerUnaryReactor* InviteAgent(grpc::CallbackServerContext* context,
                                        const v1::InviteAgentRequest* request,
                                        v1::InviteAgentResponse* response) override {
    return Serve(gateway_, RuleOf("TargetService/InviteAgent"), context,
                 [=, this](const Identity& who) {
                   return Give(enrolment_.Invite(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* RevokeAgent(grpc::CallbackServerContext* context,
                                        const v1::RevokeAgentRequest* request,
                                        v1::RevokeAgentResponse* response) override {
    return Serve(gateway_, RuleOf("TargetService/RevokeAgent"), context,
                 [=, this](const Identity& who) {
                   return Give(enrolment_.Revoke(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* RebindTarget(grpc::CallbackServerContext* context,
                                         const v1::RebindTargetRequest* request,
                                         v1::RebindTargetResponse* response) override {
    return ServeLater(gateway_, RuleOf("TargetService/RebindTarget"), context,
                      [=, this](const Identity& who, grpc::ServerUnaryReactor* reactor) {
                        rebinds_.Rebind(
                            who.person, *request, PatienceOf(*context),
                            [reactor, response](absl::StatusOr<v1::RebindTargetResponse> bound) {
                              reactor->Finish(transport::ToGrpc(Give(std::move(bound), response)));
                            });
                      });
  }

 private:
  Gateway& gateway_;
  Catalogue& catalogue_;
  Enrolment& enrolment_;
  Rebinds& rebinds_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeLoginRpc(Gateway& gateway, Sessions& sessions) {
  return std::make_unique<LoginRpc>(gateway, sessions);
}

std::unique_ptr<grpc::Service> MakePlanRpc(Gateway& gateway, Plans& plans) {
  return std::make_unique<PlanRpc>(gateway, plans);
}

std::unique_ptr<grpc::Service> MakeApprovalRpc(Gateway& gateway, Approvals& approvals) {
  return std::make_unique<ApprovalRpc>(gateway, approvals);
}

std::unique_ptr<grpc::Service> MakeEnvironmentRpc(Gateway& gateway, Catalogue& catalogue,
                                                  Administration& administration) {
  return std::make_unique<EnvironmentRpc>(gateway, catalogue, administration);
}

std::unique_ptr<grpc::Service> MakeTargetRpc(Gateway& gateway, Catalogue& catalogue,
                                             Enrolment& enrolment, Rebinds& rebinds) {
  return std::make_unique<TargetRpc>(gateway, catalogue, enrolment, rebinds);
}

}  // namespace resetctl::controller

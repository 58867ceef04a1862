#include "controller/rpc/agent_link_rpc.h"

#include "controller/rpc/attach_reactor.h"
#include "resetctl/v1/agent_link.grpc.pb.h"

namespace resetctl::controller {
namespace {

class AgentLinkRpc final : public v1::AgentLinkService::CallbackService {
 public:
  AgentLinkRpc(Gateway& gateway, Enrolment& enrolment, AgentDesk& desk, Scheduler& scheduler)
      : gateway_(gateway), enrolment_(enrolment), desk_(desk), scheduler_(scheduler) {}

  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const v1::EnrollRequest* request,
                                   v1::EnrollResponse* response) override {
    return Serve(gateway_, RuleOf("AgentLinkService/Enroll"), context, [=, this](const auto& who) {
      return Give(enrolment_.Enroll(*request, who.peer), response);
    });
  }

  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context,
                                  const v1::RenewRequest* request,
                                  v1::RenewResponse* response) override {
    return Serve(gateway_, RuleOf("AgentLinkService/Renew"), context, [=, this](const auto& who) {
      return Give(enrolment_.Renew(who.agent, *request), response);
    });
  }

  grpc::ServerUnaryReactor* RenewExpired(grpc::CallbackServerContext* context,
                                         const v1::RenewExpiredRequest* request,
                                         v1::RenewExpiredResponse* response) override {
    return Serve(gateway_, RuleOf("AgentLinkService/RenewExpired"), context,
                 [=, this](const auto& who) {
                   return Give(enrolment_.RenewExpired(*request, who.peer), response);
                 });
  }

  AttachReactor::Stream* Attach(grpc::CallbackServerContext* context) override {
    return AttachReactor::Start(gateway_, desk_, scheduler_, context);
  }

 private:
  Gateway& gateway_;
  Enrolment& enrolment_;
  AgentDesk& desk_;
  Scheduler& scheduler_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAgentLinkRpc(Gateway& gateway, Enrolment& enrolment,
                                                AgentDesk& desk, Scheduler& scheduler) {
  return std::make_unique<AgentLinkRpc>(gateway, enrolment, desk, scheduler);
}

}  // namespace resetctl::controller

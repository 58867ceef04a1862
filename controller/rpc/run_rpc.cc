#include "controller/rpc/run_rpc.h"

#include <utility>

#include "resetctl/v1/run.grpc.pb.h"

namespace resetctl::controller {
namespace {

class RunRpc final : public v1::RunService::CallbackService {
 public:
  RunRpc(Gateway& gateway, Runs& runs, Reviews& reviews, WatchRegistry& watches, OpenWatch open)
      : gateway_(gateway),
        runs_(runs),
        reviews_(reviews),
        watches_(watches),
        open_(std::move(open)) {}

  grpc::ServerUnaryReactor* StartRun(grpc::CallbackServerContext* context,
                                     const v1::StartRunRequest* request,
                                     v1::StartRunResponse* response) override {
    return Serve(gateway_, RuleOf("RunService/StartRun"), context, [=, this](const Identity& who) {
      return Give(runs_.Start(who.person, *request), response);
    });
  }

  grpc::ServerUnaryReactor* GetRun(grpc::CallbackServerContext* context,
                                   const v1::GetRunRequest* request,
                                   v1::GetRunResponse* response) override {
    return Serve(gateway_, RuleOf("RunService/GetRun"), context, [=, this](const Identity& who) {
      return Give(runs_.Get(who.person, *request), response);
    });
  }

  grpc::ServerUnaryReactor* ListRuns(grpc::CallbackServerContext* context,
                                     const v1::ListRunsRequest* request,
                                     v1::ListRunsResponse* response) override {
    return Serve(gateway_, RuleOf("RunService/ListRuns"), context, [=, this](const Identity& who) {
      return Give(runs_.List(who.person, *request), response);
    });
  }

  grpc::ServerWriteReactor<v1::WatchRunResponse>* WatchRun(
      grpc::CallbackServerContext* context, const v1::WatchRunRequest* request) override {
    return WatchReactor::Start(gateway_, watches_, open_, context, request);
  }

  grpc::ServerUnaryReactor* CancelRun(grpc::CallbackServerContext* context,
                                      const v1::CancelRunRequest* request,
                                      v1::CancelRunResponse* response) override {
    return Serve(gateway_, RuleOf("RunService/CancelRun"), context, [=, this](const Identity& who) {
      return Give(runs_.Cancel(who.person, *request), response);
    });
  }

  grpc::ServerUnaryReactor* ReviewRun(grpc::CallbackServerContext* context,
                                      const v1::ReviewRunRequest* request,
                                      v1::ReviewRunResponse* response) override {
    return Serve(gateway_, RuleOf("RunService/ReviewRun"), context, [=, this](const Identity& who) {
      return Give(reviews_.Review(who.person, *request), response);
    });
  }

  grpc::ServerUnaryReactor* ResumeRun(grpc::CallbackServerContext* context,
                                      const v1::ResumeRunRequest* request,
                                      v1::ResumeRunResponse* response) override {
    return Serve(gateway_, RuleOf("RunService/ResumeRun"), context, [=, this](const Identity& who) {
      return Give(runs_.Resume(who.person, *request), response);
    });
  }

 private:
  Gateway& gateway_;
  Runs& runs_;
  Reviews& reviews_;
  WatchRegistry& watches_;
  const OpenWatch open_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRunRpc(Gateway& gateway, Runs& runs, Reviews& reviews,
                                          WatchRegistry& watches, OpenWatch open) {
  return std::make_unique<RunRpc>(gateway, runs, reviews, watches, std::move(open));
}

}  // namespace resetctl::controller

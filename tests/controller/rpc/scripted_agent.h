#ifndef RESETCTL_TESTS_CONTROLLER_RPC_SCRIPTED_AGENT_H_
#define RESETCTL_TESTS_CONTROLLER_RPC_SCRIPTED_AGENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "proto/transport/status.h"
#include "resetctl/v1/approval.grpc.pb.h"
#include "resetctl/v1/plan.grpc.pb.h"
#include "resetctl/v1/run.grpc.pb.h"
#include "tests/controller/rpc/served_controller.h"
#include "tests/support/next_minor.h"

namespace resetctl::controller {

inline v1::Reason ReasonIn(const grpc::Status& status) {
  return contract::ReasonOf(transport::FromGrpc(status));
}

// Answers every order as an honest agent would, until its stream ends. `next_minor`: as one of the next minor version.
class ScriptedAgent {
 public:
  ScriptedAgent(const std::string& address, const std::string& ca, const std::string& certificate,
                const std::string& key, uint64_t events, bool next_minor = false)
      : events_(events),
        next_minor_(next_minor),
        stub_(v1::AgentLinkService::NewStub(
            Connect(address, transport::AgentCredentials(ca, certificate, key)))),
        stream_(stub_->Attach(&context_)) {
    v1::AttachRequest hello;
    hello.mutable_hello()->set_version("scripted");
    hello.mutable_hello()->set_environment("production");
    hello.mutable_hello()->set_target("shop");
    Say(hello);
    v1::AttachResponse welcome;
    welcomed_ = stream_->Read(&welcome) && welcome.has_welcome();
    if (!welcomed_) {
      status_ = stream_->Finish();
    } else {
      thread_ = std::thread([this] { Serve(); });
    }
  }
  ~ScriptedAgent() {
    context_.TryCancel();
    Join();
  }
  bool welcomed() const { return welcomed_; }
  // Once the stream has ended.
  grpc::Status Join() {
    if (thread_.joinable()) thread_.join();
    return status_;
  }

 private:
  void Say(v1::AttachRequest message) {
    if (next_minor_) {
      if (welcomed_) stream_->Write(test::OfANewKind<v1::AttachRequest>());
      test::SpeakNextMinor(&message);
    }
    stream_->Write(message);
  }
  void Serve() {
    v1::AttachResponse message;
    while (stream_->Read(&message)) {
      if (message.has_plan_order()) {
        v1::AttachRequest reply;
        reply.mutable_plan_reply()->set_order_id(message.plan_order().order_id());
        reply.mutable_plan_reply()->set_document(
            DocumentFor(message.plan_order(), "production", "shop", Now()).SerializeAsString());
        reply.mutable_plan_reply()->set_mac("mac");
        Say(reply);
      } else if (message.has_offer()) {
        Run(message.offer().run_id());
      }
    }
    status_ = stream_->Finish();
  }
  void Run(const std::string& run_id) {
    v1::AttachRequest message;
    message.mutable_offer_reply()->set_run_id(run_id);
    message.mutable_offer_reply()->set_accepted(true);
    message.mutable_offer_reply()->set_fence(1);
    Say(message);
    for (uint64_t seq = 1; seq <= events_; ++seq) {
      message.mutable_event()->set_run_id(run_id);
      message.mutable_event()->set_seq(seq);
      message.mutable_event()->set_step(v1::STEP_KIND_CLEAR);
      message.mutable_event()->set_kind(v1::EVENT_KIND_PROGRESS);
      Say(message);
    }
    for (const v1::RunState state : {v1::RUN_STATE_COMMITTED, v1::RUN_STATE_SUCCEEDED}) {
      message.mutable_report()->set_run_id(run_id);
      message.mutable_report()->set_state(state);
      message.mutable_report()->set_last_seq(events_);
      Say(message);
    }
  }

  const uint64_t events_;  // of each run
  const bool next_minor_;
  grpc::ClientContext context_;
  std::unique_ptr<v1::AgentLinkService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AttachRequest, v1::AttachResponse>> stream_;
  bool welcomed_ = false;
  std::thread thread_;
  grpc::Status status_;
};

// A served controller, and such an agent.
class ScriptedAgentTest : public ServedControllerTest {
 protected:
  std::unique_ptr<ScriptedAgent> Attach(uint64_t events = 500, bool next_minor = false) {
    return std::make_unique<ScriptedAgent>(controller_->address(), ca_, agent_certificate_,
                                           agent_key_, events, next_minor);
  }

  // Planned by alice, approved by bob, run by alice: the sessions' tokens. The run's id; empty, and a failure, when something refuses.
  std::string StartRun(const std::string& alice, const std::string& bob) {
    House signer;  // builds requests; its clock is moved to now
    signer.clock.Advance(Now() - signer.clock.Now());
    v1::CreatePlanResponse planned;
    grpc::Status status = v1::PlanService::NewStub(channel_)->CreatePlan(
        Call(alice), signer.PlanRequest("alice", "production"), &planned);
    EXPECT_TRUE(status.ok()) << status.error_message();
    const v1::Plan& plan = planned.plan();
    EXPECT_EQ(plan.state(), v1::PLAN_STATE_PENDING_APPROVAL);
    v1::DecidePlanResponse decided;
    status = v1::ApprovalService::NewStub(channel_)->DecidePlan(
        Call(bob), signer.Decision("bob", plan, "approve"), &decided);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(decided.plan().state(), v1::PLAN_STATE_APPROVED);
    v1::StartRunResponse started;
    status = v1::RunService::NewStub(channel_)->StartRun(
        Call(alice), signer.RunRequest("alice", plan, "DELETE ALL DATA shop"), &started);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return started.run().id();
  }
};

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_CONTROLLER_RPC_SCRIPTED_AGENT_H_

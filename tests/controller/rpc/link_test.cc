// The controller as it is served: real TLS, real store, a scripted agent that speaks the protocol, people's stubs.
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "resetctl/v1/approval.grpc.pb.h"
#include "resetctl/v1/audit.grpc.pb.h"
#include "resetctl/v1/plan.grpc.pb.h"
#include "resetctl/v1/run.grpc.pb.h"
#include "tests/controller/rpc/scripted_agent.h"

namespace resetctl::controller {
namespace {

using LinkTest = ScriptedAgentTest;

TEST_F(LinkTest, PlansApprovesRunsAndWatches) {
  const std::string alice = Login("alice");
  const std::string bob = Login("bob");
  Enroll(alice);
  const std::unique_ptr<ScriptedAgent> agent = Attach();
  ASSERT_TRUE(agent->welcomed());

  const std::string run_id = StartRun(alice, bob);

  auto runs = v1::RunService::NewStub(channel_);
  v1::WatchRunRequest watch;
  watch.set_run_id(run_id);
  Call call(bob);
  const auto stream = runs->WatchRun(call, watch);
  std::vector<uint64_t> seqs;
  v1::WatchRunResponse message;
  v1::Run last;
  while (stream->Read(&message)) {
    if (message.has_event()) seqs.push_back(message.event().seq());
    if (message.has_run()) last = message.run();
  }
  const grpc::Status status = stream->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(last.state(), v1::RUN_STATE_SUCCEEDED);
  ASSERT_EQ(seqs.size(), 500u);
  for (size_t i = 0; i < seqs.size(); ++i) EXPECT_EQ(seqs[i], i + 1);

  v1::ListEntriesRequest list;
  list.set_action("run.end");
  v1::ListEntriesResponse entries;
  ASSERT_TRUE(v1::AuditService::NewStub(channel_)->ListEntries(Call(alice), list, &entries).ok());
  ASSERT_EQ(entries.records_size(), 1);
  EXPECT_EQ(entries.records(0).decoded().actor(), "agent:production/shop");
  EXPECT_EQ(entries.records(0).index(), last.audit_entry());
}

// Its hello, replies, events and reports hold fields that this controller does not know, and messages of an unknown kind come
// between them.
TEST_F(LinkTest, ServesAnAgentOfTheNextMinorVersionAsBefore) {
  const std::string alice = Login("alice");
  const std::string bob = Login("bob");
  Enroll(alice);
  const std::unique_ptr<ScriptedAgent> agent = Attach(20, /*next_minor=*/true);
  ASSERT_TRUE(agent->welcomed());
  const std::string run_id = StartRun(alice, bob);
  v1::WatchRunRequest watch;
  watch.set_run_id(run_id);
  Call call(bob);
  const auto stream = v1::RunService::NewStub(channel_)->WatchRun(call, watch);
  int events = 0;
  v1::WatchRunResponse message;
  v1::Run last;
  while (stream->Read(&message)) {
    events += message.has_event() ? 1 : 0;
    if (message.has_run()) last = message.run();
  }
  const grpc::Status status = stream->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(last.state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(events, 20);
}

TEST_F(LinkTest, ServesAClientOfTheNextMinorVersionAsBefore) {
  const std::string alice = Login("alice");
  Enroll(alice);
  const std::unique_ptr<ScriptedAgent> agent = Attach();
  ASSERT_TRUE(agent->welcomed());
  House signer;
  signer.clock.Advance(Now() - signer.clock.Now());
  v1::CreatePlanRequest request = signer.PlanRequest("alice", "production");
  test::SpeakNextMinor(&request);
  v1::CreatePlanResponse planned;
  const grpc::Status status =
      v1::PlanService::NewStub(channel_)->CreatePlan(Call(alice), request, &planned);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(planned.plan().state(), v1::PLAN_STATE_PENDING_APPROVAL);
}

TEST_F(LinkTest, RefusesCallsWithoutASession) {
  v1::ListPlansResponse plans;
  auto stub = v1::PlanService::NewStub(channel_);
  EXPECT_EQ(stub->ListPlans(Call(), {}, &plans).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(stub->ListPlans(Call("rst-forged"), {}, &plans).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  v1::WatchRunRequest watch;
  watch.set_run_id("r-1");
  Call call;
  const auto stream = v1::RunService::NewStub(channel_)->WatchRun(call, watch);
  v1::WatchRunResponse message;
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(LinkTest, RefusesAnAgentWithoutACertificate) {
  auto stub = v1::AgentLinkService::NewStub(channel_);
  Call call;
  const auto stream = stub->Attach(call);
  v1::AttachResponse message;
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  v1::RenewResponse renewed;
  EXPECT_EQ(stub->Renew(Call(), {}, &renewed).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(LinkTest, GivesAnAgentNoPersonsRights) {
  Enroll(Login("alice"));
  const auto channel = Connect(controller_->address(),
                               transport::AgentCredentials(ca_, agent_certificate_, agent_key_));
  v1::ListPlansResponse plans;
  EXPECT_EQ(v1::PlanService::NewStub(channel)->ListPlans(Call(), {}, &plans).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(LinkTest, RenewsAndRevokesAnAgent) {
  const std::string alice = Login("alice");
  Enroll(alice);
  const std::unique_ptr<ScriptedAgent> agent = Attach();
  ASSERT_TRUE(agent->welcomed());
  const auto channel = Connect(controller_->address(),
                               transport::AgentCredentials(ca_, agent_certificate_, agent_key_));
  v1::RenewRequest renew;
  renew.set_csr(*transport::MakeCsr(agent_key_));
  v1::RenewResponse renewed;
  ASSERT_TRUE(v1::AgentLinkService::NewStub(channel)->Renew(Call(), renew, &renewed).ok());
  EXPECT_NE(transport::ReadCertificate(renewed.certificate())->serial,
            transport::ReadCertificate(agent_certificate_)->serial);

  v1::RevokeAgentRequest revoke;
  revoke.set_environment("production");
  revoke.set_target("shop");
  *revoke.mutable_admin_statement() =
      SignAdmin("alice", contract::RevokeAgentAction("production", "shop"), Now());
  v1::RevokeAgentResponse revoked;
  ASSERT_TRUE(
      v1::TargetService::NewStub(channel_)->RevokeAgent(Call(alice), revoke, &revoked).ok());
  EXPECT_EQ(ReasonIn(agent->Join()), v1::REASON_CERTIFICATE_REVOKED);
  const std::unique_ptr<ScriptedAgent> again = Attach();
  EXPECT_FALSE(again->welcomed());
  EXPECT_EQ(ReasonIn(again->Join()), v1::REASON_CERTIFICATE_REVOKED);
}

TEST_F(LinkTest, LetsTheNewestAttachmentWin) {
  Enroll(Login("alice"));
  const std::unique_ptr<ScriptedAgent> first = Attach();
  ASSERT_TRUE(first->welcomed());
  const std::unique_ptr<ScriptedAgent> second = Attach();
  EXPECT_TRUE(second->welcomed());
  EXPECT_EQ(first->Join().error_code(), grpc::StatusCode::ABORTED);
}

TEST_F(LinkTest, DrainsItsStreams) {
  Enroll(Login("alice"));
  const std::unique_ptr<ScriptedAgent> agent = Attach();
  ASSERT_TRUE(agent->welcomed());
  controller_->Drain();
  EXPECT_EQ(ReasonIn(agent->Join()), v1::REASON_DRAINING);
}

// Senders, closers, cancels and half-closes at once; run it under AddressSanitizer.
TEST_F(LinkTest, SurvivesAgentsThatComeAndGo) {
  Enroll(Login("alice"));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const auto stub = v1::AgentLinkService::NewStub(
          Connect(controller_->address(),
                  transport::AgentCredentials(ca_, agent_certificate_, agent_key_)));
      for (int i = 0; i < 15; ++i) {
        grpc::ClientContext context;
        const auto stream = stub->Attach(&context);
        v1::AttachRequest message;
        message.mutable_hello()->set_environment("production");
        message.mutable_hello()->set_target("shop");
        stream->Write(message);
        v1::AttachResponse answer;
        if (i % 3 != 0) stream->Read(&answer);
        message.mutable_heartbeat();
        for (int beat = 0; beat < i; ++beat) stream->Write(message);
        if ((i + t) % 2 == 0) {
          context.TryCancel();
        } else {
          stream->WritesDone();
        }
        while (stream->Read(&answer)) {
        }
        stream->Finish();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::unique_ptr<ScriptedAgent> agent = Attach();
  EXPECT_TRUE(agent->welcomed());
}

}  // namespace
}  // namespace resetctl::controller

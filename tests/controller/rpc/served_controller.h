#ifndef RESETCTL_TESTS_CONTROLLER_RPC_SERVED_CONTROLLER_H_
#define RESETCTL_TESTS_CONTROLLER_RPC_SERVED_CONTROLLER_H_

#include <chrono>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controller/app/controller.h"
#include "controller/app/init.h"
#include "proto/transport/channel.h"
#include "proto/transport/tls.h"
#include "resetctl/v1/agent_link.grpc.pb.h"
#include "resetctl/v1/login.grpc.pb.h"
#include "resetctl/v1/target.grpc.pb.h"
#include "tests/controller/service/house.h"
#include "tests/support/temp_folder.h"

namespace resetctl::controller {

inline absl::Time Now() { return base::RealClock().Now(); }

inline std::shared_ptr<grpc::Channel> Connect(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  return transport::Connect(address, credentials);
}

// A context with a deadline, and the session's token.
struct Call {
  explicit Call(const std::string& token = "") {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  }
  operator grpc::ClientContext*() { return &context; }
  grpc::ClientContext context;
};

// The controller as it is served: real TLS, real store.
class ServedControllerTest : public testing::Test {
 protected:
  void SetUp() override {
    InitOptions options;
    options.folder = folder_.path();
    const auto made = Init(options, Now());
    ASSERT_TRUE(made.ok()) << made.status();
    pin_ = made->ca_pin;
    std::string policy = PolicyYaml();
    const size_t hold = policy.find("    hold: 5s\n");
    policy.erase(hold, sizeof("    hold: 5s\n") - 1);
    ASSERT_TRUE(base::WriteFileDurably(folder_.File("policy.yaml"), policy, 0644).ok());
    auto config = LoadConfig(folder_.File("controller.yaml"));
    ASSERT_TRUE(config.ok()) << config.status();
    config->listen = "127.0.0.1:0";
    config->drain_timeout = absl::Seconds(5);
    config->health = true;
    auto materials = LoadMaterials(*config);
    ASSERT_TRUE(materials.ok()) << materials.status();
    auto started = Controller::Start(*config, *std::move(materials), base::RealClock());
    ASSERT_TRUE(started.ok()) << started.status();
    controller_ = *std::move(started);
    const auto ca = transport::FetchPinnedCa(controller_->address(), pin_);
    ASSERT_TRUE(ca.ok()) << ca.status();
    ca_ = *ca;
    channel_ = Connect(controller_->address(), transport::PersonCredentials(ca_));
  }

  std::string Login(const std::string& person) {
    auto stub = v1::LoginService::NewStub(channel_);
    v1::CreateChallengeRequest ask;
    ask.set_person(person);
    v1::CreateChallengeResponse challenge;
    EXPECT_TRUE(stub->CreateChallenge(Call(), ask, &challenge).ok());
    v1::LoginRequest request;
    *request.mutable_statement() = Sign(person,
                                        contract::StatementBuilder(contract::StatementType::kLogin)
                                            .Set("ca-pin", pin_)
                                            .Set("challenge", base::ToBase64(challenge.challenge()))
                                            .SetTime("expires", Now() + absl::Minutes(1)),
                                        Now());
    v1::LoginResponse response;
    const grpc::Status status = stub->Login(Call(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.token();
  }

  // Invited by alice, enrolled with a fresh key.
  void Enroll(const std::string& token) {
    v1::InviteAgentRequest invite;
    invite.set_environment("production");
    invite.set_target("shop");
    *invite.mutable_admin_statement() =
        SignAdmin("alice", contract::InviteAction("production", "shop"), Now());
    v1::InviteAgentResponse invited;
    ASSERT_TRUE(
        v1::TargetService::NewStub(channel_)->InviteAgent(Call(token), invite, &invited).ok());
    agent_key_ = *transport::MakeKey();
    v1::EnrollRequest request;
    request.set_token(invited.token());
    request.set_csr(*transport::MakeCsr(agent_key_));
    v1::EnrollResponse response;
    const grpc::Status status =
        v1::AgentLinkService::NewStub(channel_)->Enroll(Call(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    agent_certificate_ = response.certificate();
    EXPECT_EQ(response.target(), "shop");
  }

  test::TempFolder folder_;
  std::string pin_, ca_, agent_key_, agent_certificate_;
  std::unique_ptr<Controller> controller_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_TESTS_CONTROLLER_RPC_SERVED_CONTROLLER_H_

#include "agent/link/renewal.h"

#include <gtest/gtest.h>

#include "grpcpp/create_channel.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "proto/base/mutex.h"
#include "proto/contract/reasons.h"
#include "proto/transport/tls.h"

namespace resetctl::agent {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1795510800);

// Certifies whatever key it is shown, for the target that it was told.
class CertifyingService : public v1::AgentLinkService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context,
                                  const v1::RenewRequest* request,
                                  v1::RenewResponse* response) override {
    response->set_certificate(Issue(request->csr()));
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerUnaryReactor* RenewExpired(grpc::CallbackServerContext* context,
                                         const v1::RenewExpiredRequest* request,
                                         v1::RenewExpiredResponse* response) override {
    response->set_certificate(Issue(request->csr()));
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(request->certificate().empty()
                        ? grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "which one?")
                        : grpc::Status::OK);
    return reactor;
  }
  std::string Issue(const std::string& csr) {
    return *transport::IssueAgentCertificate(ca, csr, "production", target, kStart,
                                             absl::Hours(100));
  }

  const transport::KeyAndCertificate ca = *transport::MakeCa("test", kStart, absl::Hours(1000));
  std::string target = "shop";
};

class RenewalTest : public testing::Test {
 protected:
  RenewalTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                  grpc::InsecureChannelCredentials());
    const std::string key = *transport::MakeKey();
    old.key_pem = base::Secret(key);
    old.certificate_pem = service.Issue(*transport::MakeCsr(key));
    old.environment = "production";
    old.target = "shop";
  }
  ~RenewalTest() override {
    server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
  }

  Renewal::Done Listener() {
    return [this](absl::StatusOr<Identity> renewed, std::shared_ptr<Renewal> self) {
      base::MutexLock lock(mutex);
      result = std::move(renewed);
      ended = std::move(self);
      changed.SignalAll();
    };
  }
  absl::StatusOr<Identity> AwaitResult() {
    base::MutexLock lock(mutex);
    while (ended == nullptr) changed.Wait(mutex);
    return result;
  }

  CertifyingService service;
  std::unique_ptr<grpc::Server> server;
  std::shared_ptr<grpc::Channel> channel;
  Identity old;
  base::Mutex mutex;
  base::CondVar changed;
  absl::StatusOr<Identity> result;
  std::shared_ptr<Renewal> ended;
};

TEST_F(RenewalTest, BringsANewCertificateForTheSameKey) {
  ASSERT_TRUE(Renewal::Start(channel, old, Listener()).ok());
  const absl::StatusOr<Identity> renewed = AwaitResult();
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->key_pem.Reveal(), old.key_pem.Reveal());
  EXPECT_NE(renewed->certificate_pem, old.certificate_pem);
  EXPECT_EQ(renewed->not_after, kStart + absl::Hours(100));
}

TEST_F(RenewalTest, ShowsTheOldCertificateWhenItHasEnded) {
  ASSERT_TRUE(Renewal::StartExpired(channel, old, Listener()).ok());
  const absl::StatusOr<Identity> renewed = AwaitResult();
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_NE(renewed->certificate_pem, old.certificate_pem);
}

TEST_F(RenewalTest, RefusesACertificateForAnotherTarget) {
  service.target = "bank";
  ASSERT_TRUE(Renewal::Start(channel, old, Listener()).ok());
  EXPECT_EQ(contract::ReasonOf(AwaitResult().status()), v1::REASON_WRONG_AUDIENCE);
}

TEST_F(RenewalTest, SendsNothingForAKeyThatIsNone) {
  old.key_pem = base::Secret("no key");
  EXPECT_FALSE(Renewal::Start(channel, old, Listener()).ok());
  EXPECT_FALSE(Renewal::StartExpired(channel, old, Listener()).ok());
}

TEST_F(RenewalTest, HandsOverTheLastHoldOfItsChannelAlsoWhenCancelled) {
  channel = grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials());
  const std::weak_ptr<grpc::Channel> watched = channel;
  absl::StatusOr<std::shared_ptr<Renewal>> renewal =
      Renewal::Start(std::move(channel), old, Listener());
  ASSERT_TRUE(renewal.ok()) << renewal.status();
  (*renewal)->Cancel();
  renewal->reset();
  EXPECT_FALSE(AwaitResult().ok());
  EXPECT_FALSE(watched.expired());
  ended.reset();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace resetctl::agent

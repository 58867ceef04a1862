// The controller as it is served, when something runs out: it says so, and goes on by itself when it is back.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <gtest/gtest.h>

#include "controller/store/sqlite/connection.h"
#include "resetctl/v1/target.grpc.pb.h"
#include "tests/controller/rpc/scripted_agent.h"
#include "tests/support/await.h"
#include "tests/support/small_disk.h"

namespace resetctl::controller {
namespace {

constexpr char kServing[] = "\x08\x01";     // grpc.health.v1.HealthCheckResponse
constexpr char kNotServing[] = "\x08\x02";  // {status: NOT_SERVING}

class ScarceTest : public ScriptedAgentTest {
 protected:
  // As load balancers ask: with nobody's session.
  std::string Health() {
    grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(channel_);
    Call call;
    grpc::CompletionQueue queue;
    const grpc::Slice of_the_server(std::string("\x0a\x00", 2));  // {service: ""}
    const auto ask = stub.PrepareUnaryCall(call, "/grpc.health.v1.Health/Check",
                                           grpc::ByteBuffer(&of_the_server, 1), &queue);
    grpc::ByteBuffer answer;
    grpc::Status status;
    ask->StartCall();
    ask->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (!status.ok()) return status.error_message();
    grpc::Slice slice;
    EXPECT_TRUE(answer.DumpToSingleSlice(&slice).ok());
    return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
  }
  // Invites an agent of a target that does not exist: something has to be written.
  grpc::Status Invite(const std::string& token) {
    v1::InviteAgentRequest invite;
    invite.set_environment("production");
    invite.set_target("bank");
    *invite.mutable_admin_statement() =
        SignAdmin("alice", contract::InviteAction("production", "bank"), Now());
    v1::InviteAgentResponse invited;
    return v1::TargetService::NewStub(channel_)->InviteAgent(Call(token), invite, &invited);
  }
  void ExpectTrouble(const std::string& token) {
    grpc::Status refused;
    support::Await("the store to be refused", [&] {
      refused = Invite(token);
      return !refused.ok();
    });
    EXPECT_EQ(ReasonIn(refused), v1::REASON_STORE_UNAVAILABLE) << refused.error_message();
    EXPECT_EQ(Health(), kNotServing);
    v1::ListTargetsResponse targets;
    EXPECT_TRUE(v1::TargetService::NewStub(channel_)->ListTargets(Call(token), {}, &targets).ok())
        << "who only reads is served";
  }
  void ExpectRecovery(const std::string& token) {
    support::Await("the controller to serve again", [&] { return Health() == kServing; });
    const grpc::Status invited = Invite(token);
    EXPECT_TRUE(invited.ok()) << invited.error_message();
  }
};

TEST_F(ScarceTest, ALockedStoreIsSaidAndAwaited) {
  const std::string alice = Login("alice");
  EXPECT_EQ(Health(), kServing);
  const auto other = *Connection::Open(folder_.File("state/controller.db"), false);
  ASSERT_TRUE(other->Exec("BEGIN IMMEDIATE").ok());
  ExpectTrouble(alice);
  ASSERT_TRUE(other->Exec("COMMIT").ok());
  ExpectRecovery(alice);
}

// What an agent says meanwhile is not acknowledged, so it comes again.
TEST_F(ScarceTest, AnAgentIsTakenAgainWhenTheStoreIsBack) {
  Enroll(Login("alice"));
  const auto other = *Connection::Open(folder_.File("state/controller.db"), false);
  ASSERT_TRUE(other->Exec("BEGIN IMMEDIATE").ok());
  const std::unique_ptr<ScriptedAgent> refused = Attach();
  EXPECT_FALSE(refused->welcomed());
  EXPECT_EQ(ReasonIn(refused->Join()), v1::REASON_STORE_UNAVAILABLE);
  ASSERT_TRUE(other->Exec("COMMIT").ok());
  const std::unique_ptr<ScriptedAgent> agent = Attach();
  EXPECT_TRUE(agent->welcomed());
}

class FullDiskTest : public ScarceTest {
 protected:
  void SetUp() override {
    disk_ = test::SmallDisk::MountAt(folder_.path());
    if (disk_ == nullptr) GTEST_SKIP() << "needs the right to mount a file system";
    ScarceTest::SetUp();
  }
  void TearDown() override { controller_.reset(); }

  std::unique_ptr<test::SmallDisk> disk_;
};

TEST_F(FullDiskTest, IsSaidAndAwaited) {
  const std::string alice = Login("alice");
  disk_->Fill();
  ExpectTrouble(alice);
  disk_->MakeRoom();
  ExpectRecovery(alice);
}

}  // namespace
}  // namespace resetctl::controller

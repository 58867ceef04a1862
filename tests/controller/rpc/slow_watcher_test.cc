// A watcher that does not read what it is sent costs nobody else anything, and misses nothing when it reads on.
#include <gtest/gtest.h>

#include "tests/controller/rpc/scripted_agent.h"

namespace resetctl::controller {
namespace {

// Far more than the windows of HTTP/2 and the socket's buffers hold.
constexpr uint64_t kEvents = 5000;

class Watcher {
 public:
  Watcher(const std::shared_ptr<grpc::Channel>& channel, const std::string& token,
          const std::string& run_id)
      : stub_(v1::RunService::NewStub(channel)), call_(token) {
    v1::WatchRunRequest request;
    request.set_run_id(run_id);
    stream_ = stub_->WatchRun(call_, request);
  }
  bool ReadOne() {
    v1::WatchRunResponse message;
    if (!stream_->Read(&message)) return false;
    if (message.has_event()) {
      EXPECT_EQ(message.event().seq(), ++last_seq_) << "each event once, in order";
    }
    if (message.has_run()) state_ = message.run().state();
    return true;
  }
  v1::RunState ReadToTheEnd() {
    while (ReadOne()) {
    }
    EXPECT_TRUE(stream_->Finish().ok());
    EXPECT_EQ(last_seq_, kEvents);
    return state_;
  }

 private:
  std::unique_ptr<v1::RunService::Stub> stub_;
  Call call_;
  std::unique_ptr<grpc::ClientReader<v1::WatchRunResponse>> stream_;
  uint64_t last_seq_ = 0;
  v1::RunState state_ = v1::RUN_STATE_UNSPECIFIED;
};

using SlowWatcherTest = ScriptedAgentTest;

TEST_F(SlowWatcherTest, HoldsUpNeitherTheAgentNorOthersAndMissesNothing) {
  const std::string alice = Login("alice");
  const std::string bob = Login("bob");
  Enroll(alice);
  const std::unique_ptr<ScriptedAgent> agent = Attach(kEvents);
  ASSERT_TRUE(agent->welcomed());
  const std::string run_id = StartRun(alice, bob);

  // A connection of its own each: on one the slow one would hold up the other by itself.
  Watcher slow(Connect(controller_->address(), transport::PersonCredentials(ca_)), bob, run_id);
  ASSERT_TRUE(slow.ReadOne());
  Watcher quick(channel_, alice, run_id);
  EXPECT_EQ(quick.ReadToTheEnd(), v1::RUN_STATE_SUCCEEDED);
  // Calls of others go on too.
  v1::GetRunRequest get;
  get.set_run_id(run_id);
  v1::GetRunResponse got;
  ASSERT_TRUE(v1::RunService::NewStub(channel_)->GetRun(Call(alice), get, &got).ok());
  EXPECT_EQ(got.run().state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(slow.ReadToTheEnd(), v1::RUN_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace resetctl::controller

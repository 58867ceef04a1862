#include "agent/link/attach_stream.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "grpcpp/create_channel.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "proto/base/mutex.h"

namespace resetctl::agent {
namespace {

// Answers each message with an acknowledgement of its number; ends the stream at a drain-sized number.
class EchoService : public v1::AgentLinkService::Service {
 public:
  grpc::Status Attach(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::AttachResponse, v1::AttachRequest>* stream) override {
    v1::AttachRequest message;
    while (stream->Read(&message)) {
      if (message.event().seq() == 0) return grpc::Status(grpc::StatusCode::ABORTED, "enough");
      v1::AttachResponse answer;
      answer.mutable_event_ack()->set_seq(message.event().seq());
      if (!stream->Write(answer)) break;
    }
    return grpc::Status::OK;
  }
};

// What a stream told, for one waiting thread.
class Ear {
 public:
  AttachStream::Handlers Handlers() {
    return {[this](v1::AttachResponse message) {
              base::MutexLock lock(mutex_);
              last_seq_ = message.event_ack().seq();
              ++messages_;
              changed_.SignalAll();
            },
            [this](absl::Status status, std::shared_ptr<AttachStream> self) {
              base::MutexLock lock(mutex_);
              ended_ = true;
              status_ = std::move(status);
              ended_stream_ = std::move(self);
              changed_.SignalAll();
            }};
  }
  void AwaitMessages(int count) {
    base::MutexLock lock(mutex_);
    while (messages_ < count && !ended_) changed_.Wait(mutex_);
  }
  absl::Status AwaitEnd() {
    base::MutexLock lock(mutex_);
    while (!ended_) changed_.Wait(mutex_);
    return status_;
  }
  std::shared_ptr<AttachStream> TakeEndedStream() {
    base::MutexLock lock(mutex_);
    return std::move(ended_stream_);
  }
  int messages() {
    base::MutexLock lock(mutex_);
    return messages_;
  }
  bool EndedWithin(std::chrono::milliseconds timeout) {
    base::MutexLock lock(mutex_);
    if (!ended_) changed_.WaitFor(mutex_, timeout);
    return ended_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  int messages_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t last_seq_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<AttachStream> ended_stream_ ABSL_GUARDED_BY(mutex_);
};

v1::AttachRequest Event(uint64_t seq) {
  v1::AttachRequest message;
  message.mutable_event()->set_seq(seq);
  return message;
}

class AttachStreamTest : public testing::Test {
 protected:
  AttachStreamTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                  grpc::InsecureChannelCredentials());
    stub = v1::AgentLinkService::NewStub(channel);
  }
  ~AttachStreamTest() override {
    server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
  }

  EchoService service;
  std::unique_ptr<grpc::Server> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::AgentLinkService::Stub> stub;
};

TEST_F(AttachStreamTest, ReadsOneMessageAtATime) {
  Ear ear;
  auto stream = AttachStream::Start(*stub, ear.Handlers());
  for (int i = 1; i <= 3; ++i) stream->Send(Event(i));
  ear.AwaitMessages(1);
  for (int i = 2; i <= 3; ++i) {
    EXPECT_EQ(ear.messages(), i - 1);
    stream->ReadNext();
    ear.AwaitMessages(i);
  }
  stream->Close();
  EXPECT_EQ(ear.AwaitEnd().code(), absl::StatusCode::kCancelled);
}

TEST_F(AttachStreamTest, EndsWithTheServersReason) {
  Ear ear;
  auto stream = AttachStream::Start(*stub, ear.Handlers());
  stream->Send(Event(0));
  const absl::Status status = ear.AwaitEnd();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "enough");
  stream->Send(Event(1));  // nothing happens
  stream->Close();
}

TEST_F(AttachStreamTest, MayBeForgottenBeforeItsEnd) {
  Ear ear;
  {
    auto stream = AttachStream::Start(*stub, ear.Handlers());
    stream->Send(Event(1));
    ear.AwaitMessages(1);
    stream->Close();
  }
  EXPECT_FALSE(ear.AwaitEnd().ok());
}

TEST_F(AttachStreamTest, HandsOverTheLastHoldOfItsChannel) {
  const std::weak_ptr<grpc::Channel> watched = channel;
  Ear ear;
  auto stream = AttachStream::Start(*stub, ear.Handlers());
  stub.reset();
  channel.reset();
  stream->Close();
  stream.reset();
  EXPECT_FALSE(ear.AwaitEnd().ok());
  std::shared_ptr<AttachStream> last = ear.TakeEndedStream();
  EXPECT_EQ(last.use_count(), 1);
  EXPECT_FALSE(watched.expired());
  last.reset();
  EXPECT_TRUE(watched.expired());
}

TEST_F(AttachStreamTest, EndsWhenTheServerEndsItWhileMessagesLieUnread) {
  Ear ear;
  auto stream = AttachStream::Start(*stub, ear.Handlers());
  for (int i = 1; i <= 5; ++i) stream->Send(Event(i));
  ear.AwaitMessages(1);  // four answers more, and nobody asks for them
  stream->Send(Event(0));
  // A write fails at last, and that alone must end it.
  while (!ear.EndedWithin(std::chrono::milliseconds(1))) stream->Send(Event(6));
  EXPECT_EQ(ear.AwaitEnd().code(), absl::StatusCode::kAborted);
}

TEST_F(AttachStreamTest, EndsOnceWhileSendersReadersAndClosersRace) {
  for (int round = 0; round < 20; ++round) {
    Ear ear;
    auto stream = AttachStream::Start(*stub, ear.Handlers());
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 1; i <= 50; ++i) {
          // Some rounds are ended by the server, some by us, some by both.
          stream->Send(Event(round % 3 == 0 && t == 0 && i == 40 ? 0 : i));
          stream->ReadNext();
        }
      });
    }
    if (round % 3 != 0) threads.emplace_back([&] { stream->Close(); });
    for (std::thread& thread : threads) thread.join();
    stream->Close();
    EXPECT_FALSE(ear.AwaitEnd().ok());
  }
}

TEST_F(AttachStreamTest, SaysThatNobodyAnswers) {
  auto nobody = v1::AgentLinkService::NewStub(
      grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials()));
  Ear ear;
  auto stream = AttachStream::Start(*nobody, ear.Handlers());
  stream->Send(Event(1));
  EXPECT_EQ(ear.AwaitEnd().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace resetctl::agent

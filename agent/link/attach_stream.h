#ifndef RESETCTL_AGENT_LINK_ATTACH_STREAM_H_
#define RESETCTL_AGENT_LINK_ATTACH_STREAM_H_

#include <deque>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "agent/link/session.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/agent_link.grpc.pb.h"

namespace resetctl::agent {

// One Attach stream and nothing else: moves messages through a bounded queue, one read and one write in flight, ends once. Keeps
// itself alive until its end, so everybody else's shared_ptr may go at any time.
class AttachStream : public MessageSink,
                     private grpc::ClientBidiReactor<v1::AttachRequest, v1::AttachResponse> {
 public:
  struct Handlers {
    // On a gRPC thread; must not block. The next message is read after ReadNext().
    std::function<void(v1::AttachResponse)> on_message;
    // Once, last, on a gRPC thread, with the stream's hold on itself. That hold must be let go of on a thread that is none of
    // gRPC's: with it may go the channel's last reference, and gRPC 1.51 does not survive that on a thread of its own.
    std::function<void(absl::Status, std::shared_ptr<AttachStream> self)> on_end;
  };
  static std::shared_ptr<AttachStream> Start(v1::AgentLinkService::StubInterface& stub,
                                             Handlers handlers);

  // Thread-safe, never blocks. After the end nothing happens; a full queue ends the stream.
  void Send(v1::AttachRequest message) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Close() override ABSL_LOCKS_EXCLUDED(mutex_);
  void ReadNext() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  explicit AttachStream(Handlers handlers) : handlers_(std::move(handlers)) {}

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone(const grpc::Status& status) override;

  void MaybeWrite() ABSL_LOCKS_EXCLUDED(mutex_);
  // The one place that gives up the hold: closed, read to the end, and nothing of ours in flight.
  void MaybeFinish() ABSL_LOCKS_EXCLUDED(mutex_);

  static constexpr size_t kMaxQueue = 2048;

  Handlers handlers_;
  grpc::ClientContext context_;
  std::shared_ptr<AttachStream> self_;  // until OnDone
  v1::AttachResponse incoming_;         // gRPC's while a read is in flight
  v1::AttachRequest outgoing_;          // gRPC's while a write is in flight

  base::Mutex mutex_;
  std::deque<v1::AttachRequest> queue_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_ended_ ABSL_GUARDED_BY(mutex_) =
      false;  // a read has failed: there is nothing left to read
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_LINK_ATTACH_STREAM_H_

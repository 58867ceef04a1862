#include "agent/link/attach_stream.h"

#include <utility>

#include "proto/base/log.h"
#include "proto/transport/status.h"

namespace resetctl::agent {

std::shared_ptr<AttachStream> AttachStream::Start(v1::AgentLinkService::StubInterface& stub,
                                                  Handlers handlers) {
  std::shared_ptr<AttachStream> stream(new AttachStream(std::move(handlers)));
  stream->self_ = stream;
  stub.async()->Attach(&stream->context_, stream.get());
  // Writes and reads are started outside reactions: the hold keeps OnDone away until MaybeFinish().
  stream->AddHold();
  stream->StartRead(&stream->incoming_);
  stream->StartCall();
  return stream;
}

void AttachStream::Send(v1::AttachRequest message) {
  bool full = false;
  {
    base::MutexLock lock(mutex_);
    if (closed_) return;
    full = queue_.size() >= kMaxQueue;
    if (!full) queue_.push_back(std::move(message));
  }
  if (full) {
    base::Log(base::LogLevel::kWarning, "send queue full; closing the stream");
    Close();
    return;
  }
  MaybeWrite();
}

void AttachStream::MaybeWrite() {
  {
    base::MutexLock lock(mutex_);
    if (writing_ || closed_ || queue_.empty()) return;
    writing_ = true;
    outgoing_ = std::move(queue_.front());
    queue_.pop_front();
  }
  StartWrite(&outgoing_);
}

void AttachStream::ReadNext() {
  {
    base::MutexLock lock(mutex_);
    if (reading_ || closed_) return;
    reading_ = true;
  }
  StartRead(&incoming_);
}

void AttachStream::Close() {
  {
    base::MutexLock lock(mutex_);
    closed_ = true;
    queue_.clear();
  }
  // Also when a read has failed: by a message that is none, and then the call goes on as far as the controller is concerned.
  context_.TryCancel();
  MaybeFinish();
}

void AttachStream::OnWriteDone(bool ok) {
  {
    base::MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) closed_ = true;
  }
  MaybeWrite();
  MaybeFinish();
}

void AttachStream::OnReadDone(bool ok) {
  v1::AttachResponse message;
  {
    base::MutexLock lock(mutex_);
    reading_ = false;
    if (!ok) closed_ = read_ended_ = true;
    if (ok) message.Swap(&incoming_);
    ok = ok && !closed_;
  }
  if (ok) handlers_.on_message(std::move(message));
  MaybeFinish();
}

void AttachStream::MaybeFinish() {
  bool drain = false;
  {
    base::MutexLock lock(mutex_);
    if (!closed_ || reading_ || released_) return;
    if (!read_ended_) {
      drain = reading_ = true;
    } else if (writing_) {
      return;
    } else {
      released_ = true;
    }
  }
  // gRPC tells the call's status only after every message before it was read: what nobody asked for any more is read here.
  if (drain) {
    StartRead(&incoming_);
  } else {
    RemoveHold();
  }
}

void AttachStream::OnDone(const grpc::Status& status) {
  // Whoever gets the hold may destroy the stream before the handler has returned: nothing of the stream is used from here on.
  const auto on_end = std::move(handlers_.on_end);
  on_end(transport::FromGrpc(status), std::move(self_));
}

}  // namespace resetctl::agent

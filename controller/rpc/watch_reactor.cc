#include "controller/rpc/watch_reactor.h"

#include <utility>
#include <vector>

namespace resetctl::controller {

void WatchRegistry::Add(std::shared_ptr<WatchReactor> reactor) {
  std::optional<absl::Status> draining;
  {
    base::MutexLock lock(mutex_);
    open_.insert(reactor);
    draining = draining_;
  }
  if (draining) reactor->Close(*draining);
}

void WatchRegistry::Remove(const std::shared_ptr<WatchReactor>& reactor) {
  base::MutexLock lock(mutex_);
  open_.erase(reactor);
}

void WatchRegistry::Drain(const absl::Status& reason) {
  std::vector<std::shared_ptr<WatchReactor>> open;
  {
    base::MutexLock lock(mutex_);
    draining_ = reason;
    open.assign(open_.begin(), open_.end());
  }
  for (const auto& reactor : open) reactor->Close(reason);
}

grpc::ServerWriteReactor<v1::WatchRunResponse>* WatchReactor::Start(
    Gateway& gateway, WatchRegistry& registry, OpenWatch open, grpc::CallbackServerContext* context,
    const v1::WatchRunRequest* request) {
  std::shared_ptr<WatchReactor> reactor(
      new WatchReactor(gateway, registry, std::move(open), context, request));
  reactor->self_ = reactor;
  registry.Add(reactor);
  reactor->Wake();
  return reactor.get();
}

void WatchReactor::Close(const absl::Status& reason) {
  {
    base::MutexLock lock(mutex_);
    if (!close_reason_) close_reason_ = reason;
  }
  Wake();
}

void WatchReactor::OnWriteDone(bool ok) {
  {
    base::MutexLock lock(mutex_);
    writing_ = false;
    if (!ok && !close_reason_) close_reason_ = absl::CancelledError("the watcher went away");
  }
  Wake();
}

void WatchReactor::OnCancel() { Close(absl::CancelledError("the watcher went away")); }

void WatchReactor::OnDone() {
  registry_.Remove(self_);
  // The watch is destroyed on the executor: losing a starter's watch writes to the store.
  std::shared_ptr<WatchReactor> self = std::move(self_);
  gateway_.executor.Continue([self] { self->watch_.reset(); });
}

void WatchReactor::Wake() {
  {
    base::MutexLock lock(mutex_);
    if (finished_) return;
    if (pumping_) {
      again_ = true;
      return;
    }
    pumping_ = true;
  }
  gateway_.executor.Continue([self = shared_from_this()] { self->Pump(); });
}

void WatchReactor::Pump() {
  while (true) {
    if (Step()) continue;
    base::MutexLock lock(mutex_);
    if (again_ && !finished_) {
      again_ = false;
      continue;
    }
    pumping_ = false;
    return;
  }
}

bool WatchReactor::Step() {
  std::optional<absl::Status> close;
  {
    base::MutexLock lock(mutex_);
    if (finished_ || writing_) return false;
    close = close_reason_;
    if (close) finished_ = true;
  }
  if (close) {
    watch_.reset();
    Finish(transport::ToGrpc(*close));
    return false;
  }
  absl::Status failed;
  if (!opened_) {
    opened_ = true;
    absl::StatusOr<Identity> who =
        gateway_.access.Authorize(RuleOf("RunService/WatchRun"), *context_);
    failed = who.status();
    if (who.ok()) {
      // Weak: a wake may come between the watch's birth and its end, never keep the stream alive.
      std::weak_ptr<WatchReactor> weak = weak_from_this();
      absl::StatusOr<std::unique_ptr<RunWatch>> watch = open_(who->person, *request_, [weak] {
        if (std::shared_ptr<WatchReactor> self = weak.lock()) self->Wake();
      });
      failed = watch.status();
      if (watch.ok()) watch_ = *std::move(watch);
    }
  }
  if (failed.ok()) {
    absl::StatusOr<std::optional<v1::WatchRunResponse>> next = watch_->Next();
    failed = next.status();
    if (next.ok() && next->has_value()) {
      outgoing_ = **std::move(next);
      {
        base::MutexLock lock(mutex_);
        writing_ = true;
      }
      StartWrite(&outgoing_);
      return true;
    }
    if (next.ok() && !watch_->ended()) return false;
  }
  {
    base::MutexLock lock(mutex_);
    if (!close_reason_) close_reason_ = failed;
  }
  return true;  // finishes in the next step
}

}  // namespace resetctl::controller

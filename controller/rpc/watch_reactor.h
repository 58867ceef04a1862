#ifndef RESETCTL_CONTROLLER_RPC_WATCH_REACTOR_H_
#define RESETCTL_CONTROLLER_RPC_WATCH_REACTOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/rpc/unary.h"
#include "controller/service/run_watch.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::controller {

// Makes the watch, or refuses. Called on the executor.
using OpenWatch = std::function<absl::StatusOr<std::unique_ptr<RunWatch>>(
    const Requester& who, const v1::WatchRunRequest& request, std::function<void()> wake)>;

class WatchReactor;

// The watches that are open, so that a drain can end them. Thread-safe.
class WatchRegistry {
 public:
  void Add(std::shared_ptr<WatchReactor> reactor);
  void Remove(const std::shared_ptr<WatchReactor>& reactor);
  // Ends every watch, also those that are opened from now on.
  void Drain(const absl::Status& reason);

 private:
  base::Mutex mutex_;
  std::set<std::shared_ptr<WatchReactor>> open_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> draining_ ABSL_GUARDED_BY(mutex_);
};

// One WatchRun stream: authorises, reads the watch, writes one message at a time. Owns itself until OnDone.
//
//   wake, OnWriteDone, OnCancel, Close  ->  Pump(), on the executor, by one thread at a time: the only caller of
//                                           StartWrite and Finish, without any lock held
class WatchReactor : public grpc::ServerWriteReactor<v1::WatchRunResponse>,
                     public std::enable_shared_from_this<WatchReactor> {
 public:
  static grpc::ServerWriteReactor<v1::WatchRunResponse>* Start(Gateway& gateway,
                                                               WatchRegistry& registry,
                                                               OpenWatch open,
                                                               grpc::CallbackServerContext* context,
                                                               const v1::WatchRunRequest* request);

  // Ends the stream; the first reason wins.
  void Close(const absl::Status& reason);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchReactor(Gateway& gateway, WatchRegistry& registry, OpenWatch open,
               grpc::CallbackServerContext* context, const v1::WatchRunRequest* request)
      : gateway_(gateway),
        registry_(registry),
        open_(std::move(open)),
        context_(context),
        request_(request) {}

  void Wake();
  void Pump();
  // Does one thing: opens, writes or finishes. False when there is nothing to do now.
  bool Step();

  Gateway& gateway_;
  WatchRegistry& registry_;
  const OpenWatch open_;
  grpc::CallbackServerContext* const context_;
  const v1::WatchRunRequest* const request_;
  std::shared_ptr<WatchReactor> self_;

  // Used by Pump() only.
  std::unique_ptr<RunWatch> watch_;
  bool opened_ = false;
  v1::WatchRunResponse outgoing_;

  base::Mutex mutex_;
  bool pumping_ ABSL_GUARDED_BY(mutex_) = false;
  bool again_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> close_reason_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_WATCH_REACTOR_H_

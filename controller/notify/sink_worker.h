#ifndef RESETCTL_CONTROLLER_NOTIFY_SINK_WORKER_H_
#define RESETCTL_CONTROLLER_NOTIFY_SINK_WORKER_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/domain/notification.h"
#include "controller/notify/delivery.h"
#include "controller/notify/sink.h"
#include "controller/service/policy_holder.h"
#include "controller/service/store.h"
#include "proto/base/backoff.h"
#include "proto/base/clock.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// How soon what has failed is tried again: uniform over a window that doubles between these.
struct RetryPace {
  absl::Duration min = absl::Seconds(1);
  absl::Duration max = absl::Minutes(5);
};

// Tells one sink of the audit log, entry by entry from its cursor on, on a thread of its own. The next notification waits
// until the one before it was taken, refused for good (a status that trying again does not change) or is too old. The cursor
// is stored after each, together with an entry of what became of it, so that after a crash one is sent again rather than
// none. Nobody is told of those entries.
//
// Nothing that is queued here can be lost, and nobody waits for it: the queue is the log.
class SinkWorker {
 public:
  // All but `sink` and `pace` outlive it.
  SinkWorker(Sink sink, Store& store, const PolicyHolder& policy, const base::Clock& clock,
             RetryPace pace);
  ~SinkWorker();  // Stop()
  SinkWorker(const SinkWorker&) = delete;
  SinkWorker& operator=(const SinkWorker&) = delete;

  // A sink that was never seen before begins at the log's present end. Once.
  absl::Status Start();
  // The log has grown. From any thread; sets a flag and returns.
  void Wake();
  // Ends a transfer or a pause that is under way. Stop() also waits for the thread.
  void Cancel();
  void Stop();

 private:
  void Loop();
  // Until the end of the log, or Cancel().
  absl::Status CatchUp();
  absl::StatusOr<std::optional<Notification>> Read(const StoredAuditEntry& stored);
  // Nothing: cancelled, and it is still to be sent.
  std::optional<Delivery> Deliver(const Notification& notification);
  // next_ becomes durable, together with what became of the message before it.
  absl::Status KeepCursor();
  void AwaitWork();
  // False as soon as somebody cancels.
  bool Pause(absl::Duration pause);

  const Sink sink_;
  Store& store_;
  const PolicyHolder& policy_;
  const base::Clock& clock_;

  // Of the thread, from Start() on.
  uint64_t next_ = 0;
  uint64_t kept_ = 0;  // next_ as stored
  std::optional<v1::AuditEntry>
      settled_;  // what became of the message before next_, until it is stored
  base::Backoff backoff_;
  std::thread thread_;

  // Written under the mutex, so that no wait misses it; libcurl's callback reads it without.
  std::atomic<bool> cancelled_ = false;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_NOTIFY_SINK_WORKER_H_

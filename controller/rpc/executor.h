#ifndef RESETCTL_CONTROLLER_RPC_EXECUTOR_H_
#define RESETCTL_CONTROLLER_RPC_EXECUTOR_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// A few threads for work that blocks (store, ssh-keygen), so that nothing blocks in a gRPC reaction. Bounded: when the queue
// is full the caller is told, and tells its own.
class Executor {
 public:
  explicit Executor(int threads, size_t queue_limit = 10000);
  ~Executor() { Stop(); }
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // False when the queue is full, or after Close() or Stop().
  bool Submit(std::function<void()> work);
  // For the continuation of what was begun, which must not get lost: no limit.
  void Continue(std::function<void()> work);
  // Takes nothing new from now on; what was begun goes on.
  void Close();
  // Whether all that was taken has been run, within `timeout`.
  bool AwaitIdle(absl::Duration timeout);
  // Runs what is queued, then ends. What work submits meanwhile runs too.
  void Stop();

 private:
  void Loop();

  const size_t queue_limit_;
  base::Mutex mutex_;
  base::CondVar changed_;
  base::CondVar idle_;  // nothing is queued or running
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_RPC_EXECUTOR_H_

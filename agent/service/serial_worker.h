#ifndef RESETCTL_AGENT_SERVICE_SERIAL_WORKER_H_
#define RESETCTL_AGENT_SERVICE_SERIAL_WORKER_H_

#include <deque>
#include <functional>
#include <thread>

#include "proto/base/mutex.h"

namespace resetctl::agent {

// One thread that does what it is given, in order.
class SerialWorker {
 public:
  SerialWorker() : thread_([this] { Work(); }) {}
  ~SerialWorker() { Stop(); }
  SerialWorker(const SerialWorker&) = delete;
  SerialWorker& operator=(const SerialWorker&) = delete;

  // False, and nothing will happen, once Stop() was called.
  bool Post(std::function<void()> task) ABSL_LOCKS_EXCLUDED(mutex_);

  // Finishes the task that runs now, drops the others, joins.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mutex_);

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: starts when everything above exists
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_SERIAL_WORKER_H_

#ifndef RESETCTL_CONTROLLER_SERVICE_SCHEDULER_H_
#define RESETCTL_CONTROLLER_SERVICE_SCHEDULER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "proto/base/clock.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// Every timer of the controller, on one thread. Work runs without any lock of ours; it may block for as long as a store
// does, not longer. Thread-safe.
//
// Tests do not Start(): they move their clock and call RunDue().
class Scheduler {
 public:
  using Id = uint64_t;

  explicit Scheduler(const base::Clock& clock) : clock_(clock) {}
  ~Scheduler() { Stop(); }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Whatever is done to the wall clock meanwhile.
  Id After(absl::Duration delay, std::function<void()> work);
  // At a date, as of a certificate's end: once the wall clock says so, within a minute when it is set forwards.
  Id AtDate(absl::Time date, std::function<void()> work);
  // Work that has begun is not waited for.
  void Cancel(Id id);

  void Start();
  // Work in progress ends first; what is not due is dropped.
  void Stop();
  // Runs what is due, in order of time, also what that work adds. Returns how many.
  int RunDue();

 private:
  struct Work {
    std::function<void()> work;
    absl::Time date = absl::InfinitePast();  // not before it, whatever the steady clock says
  };

  Id Add(absl::Duration delay, Work work);
  // Nothing when nothing is due.
  std::function<void()> TakeDue() ABSL_LOCKS_EXCLUDED(mutex_);
  void Insert(Id id, absl::Duration when, Work work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Loop();

  const base::Clock& clock_;
  std::thread thread_;

  base::Mutex mutex_;
  base::CondVar changed_;
  std::map<std::pair<absl::Duration, Id>, Work> due_
      ABSL_GUARDED_BY(mutex_);  // by the steady clock
  std::map<Id, absl::Duration> times_ ABSL_GUARDED_BY(mutex_);
  Id next_ ABSL_GUARDED_BY(mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_SCHEDULER_H_

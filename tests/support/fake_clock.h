#ifndef RESETCTL_TESTS_SUPPORT_FAKE_CLOCK_H_
#define RESETCTL_TESTS_SUPPORT_FAKE_CLOCK_H_

#include "proto/base/clock.h"
#include "proto/base/mutex.h"

namespace resetctl::test {

// Stands still until a test moves it.
class FakeClock : public base::Clock {
 public:
  explicit FakeClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override {
    base::MutexLock lock(mutex_);
    return now_;
  }
  absl::Duration Steady() const override {
    base::MutexLock lock(mutex_);
    return steady_;
  }
  // Time passes.
  void Advance(absl::Duration by) {
    base::MutexLock lock(mutex_);
    now_ += by;
    steady_ += by;
  }
  // No time passes, but somebody sets the clock: forwards, or back with a negative `by`.
  void Jump(absl::Duration by) {
    base::MutexLock lock(mutex_);
    now_ += by;
  }

 private:
  mutable base::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration steady_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::test

#endif  // RESETCTL_TESTS_SUPPORT_FAKE_CLOCK_H_

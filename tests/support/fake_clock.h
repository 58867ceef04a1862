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
  void Advance(absl::Duration by) {
    base::MutexLock lock(mutex_);
    now_ += by;
  }

 private:
  mutable base::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::test

#endif  // RESETCTL_TESTS_SUPPORT_FAKE_CLOCK_H_

#ifndef RESETCTL_PROTO_BASE_BACKOFF_H_
#define RESETCTL_PROTO_BASE_BACKOFF_H_

#include <functional>

#include "absl/time/time.h"

namespace resetctl::base {

// How long to wait before the next attempt: uniform over a window that doubles from `min` to `max`, so that a thousand who
// wait do not come back in the same second. Reset it when something has succeeded; an accepted connection proves nothing.
class Backoff {
 public:
  // `random` answers numbers in [0, 1).
  Backoff(absl::Duration min, absl::Duration max, std::function<double()> random);

  absl::Duration Next();
  void Reset() { window_ = min_; }

 private:
  const absl::Duration min_;
  const absl::Duration max_;
  const std::function<double()> random_;
  absl::Duration window_;
};

// Random numbers from the system.
std::function<double()> SystemRandom();

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_BACKOFF_H_

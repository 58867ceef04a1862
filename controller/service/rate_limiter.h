#ifndef RESETCTL_CONTROLLER_SERVICE_RATE_LIMITER_H_
#define RESETCTL_CONTROLLER_SERVICE_RATE_LIMITER_H_

#include <map>
#include <string>

#include "absl/time/time.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// A token bucket per key: `burst` at once, then `per_minute`. Bounded memory: full buckets are forgotten. Thread-safe.
class RateLimiter {
 public:
  RateLimiter(int burst, int per_minute) : burst_(burst), per_minute_(per_minute) {}

  // False: too many. `now` by the steady clock.
  bool Take(const std::string& key, absl::Duration now);

 private:
  struct Bucket {
    double tokens = 0;
    absl::Duration filled;
  };
  double Level(const Bucket& bucket, absl::Duration now) const;

  const double burst_;
  const double per_minute_;
  base::Mutex mutex_;
  std::map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_RATE_LIMITER_H_

#include "controller/service/rate_limiter.h"

#include <algorithm>

namespace resetctl::controller {
namespace {
constexpr size_t kSweepAbove = 4096;
}

double RateLimiter::Level(const Bucket& bucket, absl::Duration now) const {
  const double minutes = std::max(0.0, absl::ToDoubleMinutes(now - bucket.filled));
  return std::min(burst_, bucket.tokens + minutes * per_minute_);
}

bool RateLimiter::Take(const std::string& key, absl::Duration now) {
  base::MutexLock lock(mutex_);
  if (buckets_.size() > kSweepAbove) {
    for (auto it = buckets_.begin(); it != buckets_.end();) {
      it = Level(it->second, now) >= burst_ ? buckets_.erase(it) : std::next(it);
    }
  }
  const auto [it, fresh] = buckets_.try_emplace(key, Bucket{burst_, now});
  Bucket& bucket = it->second;
  bucket.tokens = Level(bucket, now);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace resetctl::controller

#include "proto/base/backoff.h"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

namespace resetctl::base {

Backoff::Backoff(absl::Duration min, absl::Duration max, std::function<double()> random)
    : min_(min), max_(max), random_(std::move(random)), window_(min) {}

absl::Duration Backoff::Next() {
  const absl::Duration wait = window_ * random_();
  window_ = std::min(window_ * 2, max_);
  return wait;
}

std::function<double()> SystemRandom() {
  auto engine = std::make_shared<std::mt19937_64>(std::random_device{}());
  return [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
}

}  // namespace resetctl::base

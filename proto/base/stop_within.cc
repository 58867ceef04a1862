#include "proto/base/stop_within.h"

#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "proto/base/clock.h"

namespace resetctl::base {
namespace {

constexpr std::chrono::milliseconds kTick{50};

}  // namespace

bool StopWithin(std::function<void()> stop, absl::Duration limit, const sigset_t& signals) {
  std::promise<void> promise;
  std::future<void> stopped = promise.get_future();
  std::thread stopper([stop = std::move(stop), promise = std::move(promise)]() mutable {
    stop();
    promise.set_value();
  });
  const absl::Duration until = RealClock().Steady() + limit;
  const timespec none{0, 0};
  bool asked_again = false;
  while (stopped.wait_for(kTick) != std::future_status::ready) {
    asked_again = asked_again || sigtimedwait(&signals, nullptr, &none) > 0;
    if (!asked_again && RealClock().Steady() < until) continue;
    stopper.detach();
    return false;
  }
  stopper.join();
  return true;
}

}  // namespace resetctl::base

#include "tests/support/await.h"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace resetctl::support {

bool ComesAbout(const std::function<bool()>& condition) {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point deadline = Steady::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (Steady::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

void Await(const std::string& what, const std::function<bool()>& condition) {
  if (!ComesAbout(condition)) {
    throw std::runtime_error(what + ": did not come about within a minute");
  }
}

}  // namespace resetctl::support

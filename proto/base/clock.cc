#include "proto/base/clock.h"

#include "absl/time/clock.h"

namespace resetctl::base {
namespace {

class MachineClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace

const Clock& RealClock() {
  static const MachineClock* const clock = new MachineClock;  // outlives every static destructor
  return *clock;
}

}  // namespace resetctl::base

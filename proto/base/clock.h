#ifndef RESETCTL_PROTO_BASE_CLOCK_H_
#define RESETCTL_PROTO_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace resetctl::base {

// Time is a parameter: services hold a Clock& and only RealClock asks the machine. Tests move a
// FakeClock (tests/support/fake_clock.h).
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock. Lives for the whole program.
const Clock& RealClock();

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_CLOCK_H_

#ifndef RESETCTL_PROTO_BASE_CLOCK_H_
#define RESETCTL_PROTO_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace resetctl::base {

// One moment on both clocks.
struct Moment {
  absl::Time wall;
  absl::Duration steady;
};

// Time is a parameter: services hold a Clock& and only RealClock asks the machine. Tests move a
// FakeClock (tests/support/fake_clock.h).
class Clock {
 public:
  virtual ~Clock() = default;
  // The date: for what people read and what statements, certificates and records say. It can be set
  // while a program runs, forwards and back.
  virtual absl::Time Now() const = 0;
  // Since an arbitrary moment, and never back: for leases, timeouts, holds, rate limits and timers.
  // Another type than Now()'s, so that the two cannot be compared by mistake. Means nothing in
  // another process.
  virtual absl::Duration Steady() const = 0;

  Moment Both() const { return {Now(), Steady()}; }
};

// The machine's clock. Lives for the whole program.
const Clock& RealClock();

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_CLOCK_H_

#ifndef RESETCTL_CLIENT_APP_INTERRUPTS_H_
#define RESETCTL_CLIENT_APP_INTERRUPTS_H_

#include <csignal>

#include "absl/time/time.h"

namespace resetctl::client {

// While it lives, Ctrl+C (SIGINT) and SIGTERM are counted instead of ending the program. One at a time.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  int count() const;
  // Waits until somebody interrupts, at once when somebody has: true. False when the time is over.
  bool Wait(absl::Duration duration) const;

 private:
  struct sigaction old_int_;
  struct sigaction old_term_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_INTERRUPTS_H_

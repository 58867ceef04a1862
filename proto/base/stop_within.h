#ifndef RESETCTL_PROTO_BASE_STOP_WITHIN_H_
#define RESETCTL_PROTO_BASE_STOP_WITHIN_H_

#include <functional>
#include <signal.h>

#include "absl/time/time.h"

namespace resetctl::base {

// Calls `stop` and waits for its end: within `limit`, and until somebody asks to stop once more by one of `signals`, which every thread
// has blocked. False: it has not ended, and goes on in a thread of its own; the process can only _exit() then.
bool StopWithin(std::function<void()> stop, absl::Duration limit, const sigset_t& signals);

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_STOP_WITHIN_H_

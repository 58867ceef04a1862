#include "client/app/interrupts.h"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <poll.h>
#include <unistd.h>

#include <sys/eventfd.h>

namespace resetctl::client {
namespace {

// A signal handler may touch nothing else.
volatile std::sig_atomic_t g_count = 0;
// Readable once there was a signal: a poll that begins just after it ends at once. -1: none.
volatile std::sig_atomic_t g_event = -1;

void CountOne(int) {
  const int before = errno;
  g_count = g_count + 1;
  const uint64_t one = 1;
  (void)!write(g_event, &one, sizeof(one));
  errno = before;
}

}  // namespace

InterruptScope::InterruptScope() {
  g_count = 0;
  g_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action = {};
  action.sa_handler = CountOne;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
}

InterruptScope::~InterruptScope() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
  const int event = g_event;
  g_event = -1;
  if (event >= 0) close(event);
}

int InterruptScope::count() const { return g_count; }

bool InterruptScope::Wait(absl::Duration duration) const {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point until = Steady::now() + absl::ToChronoNanoseconds(duration);
  // The signal may be another thread's: the descriptor tells, EINTR need not.
  while (g_count == 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
    if (left.count() <= 0) return false;
    pollfd event = {.fd = g_event, .events = POLLIN, .revents = 0};
    (void)poll(&event, 1, static_cast<int>(left.count()));
  }
  return true;
}

}  // namespace resetctl::client

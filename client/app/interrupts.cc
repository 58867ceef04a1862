#include "client/app/interrupts.h"

namespace resetctl::client {
namespace {

// A signal handler may touch nothing else.
volatile std::sig_atomic_t g_count = 0;

void CountOne(int) { g_count = g_count + 1; }

}  // namespace

InterruptScope::InterruptScope() {
  g_count = 0;
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
}

int InterruptScope::count() const { return g_count; }

}  // namespace resetctl::client

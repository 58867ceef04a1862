#include "agent/postgres/cancel_request.h"

#include <chrono>
#include <thread>

#include <libpq-fe.h>

#include "proto/base/mutex.h"

namespace resetctl::agent {

struct CancelRequest::State {
  explicit State(PGcancel* request) : cancel(request) {}
  ~State() { PQfreeCancel(cancel); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  PGcancel* const cancel;  // null: libpq had no memory for it
  base::Mutex mutex;
  base::CondVar changed;
  bool under_way ABSL_GUARDED_BY(mutex) = false;
};

CancelRequest::CancelRequest(PGconn* connection)
    : state_(std::make_shared<State>(PQgetCancel(connection))) {}

void CancelRequest::Send() {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point until = Steady::now() + std::chrono::seconds(1);
  State& state = *state_;
  base::MutexLock lock(state.mutex);
  if (state.under_way || state.cancel == nullptr) return;
  state.under_way = true;
  std::thread([shared = state_] {
    char message[256];
    PQcancel(shared->cancel, message, sizeof message);
    base::MutexLock done(shared->mutex);
    shared->under_way = false;
    shared->changed.SignalAll();
  }).detach();
  while (state.under_way) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
    if (left.count() <= 0) return;
    state.changed.WaitFor(state.mutex, left);
  }
}

}  // namespace resetctl::agent

#include "agent/postgres/run_control.h"

#include <chrono>

#include "proto/base/clock.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr std::chrono::milliseconds kAgain{200};
constexpr absl::Duration kBeforeAbandon = absl::Seconds(15);

absl::Status Cancelled() {
  return contract::Error(v1::REASON_CANCELLED, "The run was cancelled; nothing was changed.");
}

}  // namespace

void RunControl::Reset() {
  base::MutexLock lock(mutex_);
  cancelled_ = false;
  passed_ = false;
}

void RunControl::Cancel() {
  base::MutexLock lock(mutex_);
  if (!passed_) cancelled_ = true;
  changed_.SignalAll();
}

bool RunControl::cancelled() {
  base::MutexLock lock(mutex_);
  return cancelled_;
}

absl::Status RunControl::Check() { return cancelled() ? Cancelled() : absl::OkStatus(); }

absl::Status RunControl::Sleep(absl::Duration duration) {
  const absl::Duration until = base::RealClock().Steady() + duration;
  base::MutexLock lock(mutex_);
  while (!cancelled_) {
    const absl::Duration left = until - base::RealClock().Steady();
    if (left <= absl::ZeroDuration()) return absl::OkStatus();
    changed_.WaitFor(mutex_, absl::ToChronoMilliseconds(left) + std::chrono::milliseconds(1));
  }
  return Cancelled();
}

bool RunControl::PassPointOfNoReturn() {
  base::MutexLock lock(mutex_);
  passed_ = !cancelled_;
  return passed_;
}

RunControl::Watch::Watch(RunControl& control, Session& session)
    : control_(control), session_(session), thread_([this] { Pump(); }) {}

RunControl::Watch::~Watch() {
  {
    base::MutexLock lock(control_.mutex_);
    over_ = true;
    control_.changed_.SignalAll();
  }
  thread_.join();
}

void RunControl::Watch::Pump() {
  {
    base::MutexLock lock(control_.mutex_);
    while (!over_ && !control_.cancelled_) control_.changed_.Wait(control_.mutex_);
  }
  const absl::Duration first = base::RealClock().Steady();
  while (true) {
    {
      base::MutexLock lock(control_.mutex_);
      if (over_) return;
    }
    if (base::RealClock().Steady() - first > kBeforeAbandon) {
      session_.Abandon();
    } else {
      session_.Cancel();
    }
    base::MutexLock lock(control_.mutex_);
    if (!over_) control_.changed_.WaitFor(control_.mutex_, kAgain);
  }
}

}  // namespace resetctl::agent

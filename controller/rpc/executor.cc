#include "controller/rpc/executor.h"

#include <chrono>
#include <utility>

#include "proto/base/clock.h"

namespace resetctl::controller {

Executor::Executor(int threads, size_t queue_limit) : queue_limit_(queue_limit) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

bool Executor::Submit(std::function<void()> work) {
  base::MutexLock lock(mutex_);
  if (closed_ || stopping_ || queue_.size() >= queue_limit_) return false;
  queue_.push_back(std::move(work));
  changed_.Signal();
  return true;
}

void Executor::Continue(std::function<void()> work) {
  base::MutexLock lock(mutex_);
  queue_.push_back(std::move(work));
  changed_.Signal();
}

void Executor::Close() {
  base::MutexLock lock(mutex_);
  closed_ = true;
}

bool Executor::AwaitIdle(absl::Duration timeout) {
  const absl::Duration until = base::RealClock().Steady() + timeout;
  base::MutexLock lock(mutex_);
  while (!queue_.empty() || running_ > 0) {
    const absl::Duration left = until - base::RealClock().Steady();
    if (left <= absl::ZeroDuration()) return false;
    idle_.WaitFor(mutex_, absl::ToChronoMilliseconds(left) + std::chrono::milliseconds(1));
  }
  return true;
}

void Executor::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Executor::Loop() {
  while (true) {
    std::function<void()> work;
    {
      base::MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
      ++running_;
    }
    work();
    base::MutexLock lock(mutex_);
    if (--running_ == 0 && queue_.empty()) idle_.SignalAll();
  }
}

}  // namespace resetctl::controller

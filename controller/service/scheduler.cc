#include "controller/service/scheduler.h"

#include <algorithm>
#include <chrono>

namespace resetctl::controller {

Scheduler::Id Scheduler::At(absl::Time when, std::function<void()> work) {
  base::MutexLock lock(mutex_);
  const Id id = next_++;
  due_.emplace(std::make_pair(when, id), std::move(work));
  times_[id] = when;
  changed_.Signal();
  return id;
}

void Scheduler::Cancel(Id id) {
  base::MutexLock lock(mutex_);
  const auto found = times_.find(id);
  if (found == times_.end()) return;
  due_.erase({found->second, id});
  times_.erase(found);
}

void Scheduler::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Scheduler::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

int Scheduler::RunDue() {
  int count = 0;
  while (true) {
    std::function<void()> work;
    {
      base::MutexLock lock(mutex_);
      if (due_.empty() || due_.begin()->first.first > clock_.Now()) return count;
      work = std::move(due_.begin()->second);
      times_.erase(due_.begin()->first.second);
      due_.erase(due_.begin());
    }
    work();
    ++count;
  }
}

void Scheduler::Loop() {
  while (true) {
    RunDue();
    base::MutexLock lock(mutex_);
    if (stopping_) return;
    // A wall clock can jump: never sleep longer than a second on the strength of it.
    absl::Duration wait = absl::Seconds(1);
    if (!due_.empty()) wait = std::min(wait, due_.begin()->first.first - clock_.Now());
    if (wait <= absl::ZeroDuration()) continue;
    changed_.WaitFor(mutex_, std::chrono::milliseconds(absl::ToInt64Milliseconds(wait) + 1));
  }
}

}  // namespace resetctl::controller

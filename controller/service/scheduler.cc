#include "controller/service/scheduler.h"

#include <algorithm>
#include <chrono>

namespace resetctl::controller {

namespace {

// How long a date may be overlooked after the wall clock was set.
constexpr absl::Duration kLookAgain = absl::Minutes(1);

}  // namespace

Scheduler::Id Scheduler::After(absl::Duration delay, std::function<void()> work) {
  return Add(delay, {std::move(work)});
}

Scheduler::Id Scheduler::AtDate(absl::Time date, std::function<void()> work) {
  return Add(std::min(date - clock_.Now(), kLookAgain), {std::move(work), date});
}

Scheduler::Id Scheduler::Add(absl::Duration delay, Work work) {
  base::MutexLock lock(mutex_);
  const Id id = next_++;
  Insert(id, clock_.Steady() + delay, std::move(work));
  changed_.Signal();
  return id;
}

void Scheduler::Insert(Id id, absl::Duration when, Work work) {
  due_.emplace(std::make_pair(when, id), std::move(work));
  times_[id] = when;
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

std::function<void()> Scheduler::TakeDue() {
  base::MutexLock lock(mutex_);
  while (!due_.empty() && due_.begin()->first.first <= clock_.Steady()) {
    const Id id = due_.begin()->first.second;
    Work taken = std::move(due_.begin()->second);
    times_.erase(id);
    due_.erase(due_.begin());
    const absl::Duration early = taken.date - clock_.Now();
    if (early <= absl::ZeroDuration()) return std::move(taken.work);
    Insert(id, clock_.Steady() + std::min(early, kLookAgain), std::move(taken));
  }
  return nullptr;
}

int Scheduler::RunDue() {
  int count = 0;
  while (const std::function<void()> work = TakeDue()) {
    work();
    ++count;
  }
  return count;
}

void Scheduler::Loop() {
  while (true) {
    RunDue();
    base::MutexLock lock(mutex_);
    if (stopping_) return;
    absl::Duration wait = absl::Minutes(1);
    if (!due_.empty()) wait = std::min(wait, due_.begin()->first.first - clock_.Steady());
    if (wait <= absl::ZeroDuration()) continue;
    changed_.WaitFor(mutex_, std::chrono::milliseconds(absl::ToInt64Milliseconds(wait) + 1));
  }
}

}  // namespace resetctl::controller

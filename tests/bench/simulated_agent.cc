#include "tests/bench/simulated_agent.h"

#include <chrono>
#include <utility>

#include "proto/base/clock.h"

namespace resetctl::bench {
namespace {

constexpr absl::Duration kLongestAbsence = absl::Seconds(3);

}  // namespace

void SimulatedAgent::Come() {
  {
    base::MutexLock lock(mutex_);
    wish_ = Wish::kRestart;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Live(); });
}

void SimulatedAgent::Stay() {
  base::MutexLock lock(mutex_);
  wish_ = Wish::kStay;
  if (life_ != nullptr) life_->Prolong();
  changed_.SignalAll();
}

void SimulatedAgent::BeginToLeave() {
  base::MutexLock lock(mutex_);
  wish_ = Wish::kLeave;
  if (life_ != nullptr) life_->End();
  changed_.SignalAll();
}

void SimulatedAgent::Leave() {
  BeginToLeave();
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread();
}

bool SimulatedAgent::attached() const {
  base::MutexLock lock(mutex_);
  return life_ != nullptr && life_->attached();
}

absl::Duration SimulatedAgent::UpTo(absl::Duration most) {
  return most * std::uniform_real_distribution<double>(0, 1)(random_);
}

void SimulatedAgent::Live() {
  for (;;) {
    auto life = std::make_unique<SimulatedLife>(settings_.controller, settings_.state_dir,
                                                settings_.identity, random_(),
                                                UpTo(settings_.longest_life));
    SimulatedLife* const present = life.get();
    {
      base::MutexLock lock(mutex_);
      if (wish_ == Wish::kLeave) return;
      if (wish_ == Wish::kStay) life->Prolong();
      life_ = std::move(life);
    }
    ++lives_;
    present->Live();
    {
      base::MutexLock lock(mutex_);
      life = std::move(life_);
    }
    life.reset();
    const absl::Duration back = base::RealClock().Steady() + UpTo(kLongestAbsence);
    base::MutexLock lock(mutex_);
    for (absl::Duration left = back - base::RealClock().Steady();
         wish_ == Wish::kRestart && left > absl::ZeroDuration();
         left = back - base::RealClock().Steady()) {
      changed_.WaitFor(mutex_, std::chrono::milliseconds(absl::ToInt64Milliseconds(left) + 1));
    }
  }
}

}  // namespace resetctl::bench

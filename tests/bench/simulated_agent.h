#ifndef RESETCTL_TESTS_BENCH_SIMULATED_AGENT_H_
#define RESETCTL_TESTS_BENCH_SIMULATED_AGENT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "agent/link/identity_file.h"
#include "proto/base/mutex.h"
#include "tests/bench/simulated_life.h"

namespace resetctl::bench {

// An agent without a database, which lives for a short while and comes back, again and again. Half of its lives end as SIGTERM ends
// an agent; the others break off in the middle of whatever it does, and the next one settles that.
class SimulatedAgent {
 public:
  struct Settings {
    std::string controller;  // host:port
    std::string state_dir;   // exists
    agent::Identity identity;
    uint64_t seed = 0;
    absl::Duration longest_life = absl::Minutes(1);
  };

  explicit SimulatedAgent(Settings settings)
      : settings_(std::move(settings)), random_(settings_.seed) {}
  ~SimulatedAgent() { Leave(); }
  SimulatedAgent(const SimulatedAgent&) = delete;
  SimulatedAgent& operator=(const SimulatedAgent&) = delete;

  // Begins to live, also after it has left.
  void Come() ABSL_LOCKS_EXCLUDED(mutex_);
  // Its present life, or the next one, has no end until it leaves: what is open can be settled in peace.
  void Stay() ABSL_LOCKS_EXCLUDED(mutex_);
  // To go, as SIGTERM tells it; and having gone.
  void BeginToLeave() ABSL_LOCKS_EXCLUDED(mutex_);
  void Leave() ABSL_LOCKS_EXCLUDED(mutex_);

  bool attached() const ABSL_LOCKS_EXCLUDED(mutex_);
  int lives() const { return lives_; }

 private:
  enum class Wish { kRestart, kStay, kLeave };

  void Live() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Duration UpTo(absl::Duration most);

  const Settings settings_;
  std::mt19937_64 random_;  // the thread's own
  std::atomic<int> lives_ = 0;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  Wish wish_ ABSL_GUARDED_BY(mutex_) = Wish::kLeave;
  std::unique_ptr<SimulatedLife> life_ ABSL_GUARDED_BY(mutex_);  // null between two lives

  std::thread thread_;
};

}  // namespace resetctl::bench

#endif  // RESETCTL_TESTS_BENCH_SIMULATED_AGENT_H_

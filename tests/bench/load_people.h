#ifndef RESETCTL_TESTS_BENCH_LOAD_PEOPLE_H_
#define RESETCTL_TESTS_BENCH_LOAD_PEOPLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/app/connection.h"
#include "client/app/controller.h"
#include "client/app/statements.h"
#include "proto/base/mutex.h"

namespace resetctl::bench {

// Counts by name, from many threads.
class Tally {
 public:
  void Count(const std::string& what) ABSL_LOCKS_EXCLUDED(mutex_);
  // The error's reason, or its code where it has none, behind `what`.
  void Count(const std::string& what, const absl::Status& error);
  std::map<std::string, int64_t> Counts() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, int64_t> counts_ ABSL_GUARDED_BY(mutex_);
};

// Somebody with a key and a connection, as one call of resetctl is.
struct Person {
  explicit Person(const client::Settings& settings);

  std::unique_ptr<client::Connection> connection;
  client::Controller controller;
};

// What is planned, approved and run again and again.
struct Target {
  std::string environment;
  std::string name;
  std::string bundle;
  std::function<void()> fill;  // before each plan; may be null
};

// A team at work on a thread of its own: has one of its targets' plans made, approves and runs it, watches the run or lets it go on by
// itself, now and then cancels it. What goes wrong while programs die is counted and left; the next round is another one.
class Team {
 public:
  struct Settings {
    std::function<client::Settings(const std::string& person)> of;
    std::string author;
    std::vector<std::string> approvers;
    std::vector<Target> targets;
    bool watches_all = false;  // else a third; the others go on unseen
    absl::Duration longest_pause;
    uint64_t seed = 0;
  };
  Team(Settings settings, Tally& tally);
  ~Team();  // at once; what was started goes on
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Round(const Target& target);
  absl::StatusOr<client::CheckedPlan> Plan(const Target& target);
  absl::StatusOr<std::string> Start(const client::CheckedPlan& plan);
  void Watch(const std::string& run_id);
  // One of `of` cases.
  bool Chance(int of) { return random_() % static_cast<uint64_t>(of) == 0; }
  bool stopping() ABSL_LOCKS_EXCLUDED(mutex_);

  const Settings settings_;
  Tally& tally_;
  std::mt19937_64 random_;  // the thread's own
  Person author_;
  std::vector<std::unique_ptr<Person>> approvers_;

  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace resetctl::bench

#endif  // RESETCTL_TESTS_BENCH_LOAD_PEOPLE_H_

#ifndef RESETCTL_TESTS_BENCH_PROCESS_SAMPLES_H_
#define RESETCTL_TESTS_BENCH_PROCESS_SAMPLES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include "absl/time/time.h"
#include "proto/base/mutex.h"

namespace resetctl::bench {

// What the kernel says of a process at one moment.
struct ProcessSample {
  absl::Duration at;    // by the steady clock
  double resident = 0;  // KiB: VmRSS
  double anonymous =
      0;  // KiB: RssAnon, what the process itself has filled; the rest are mapped files
  double descriptors = 0;
  double threads = 0;
  double attached = 0;  // agents, as whoever samples knows
};
// Nothing when there is no such process.
std::optional<ProcessSample> Look(pid_t pid);

// How one figure goes over a list of samples.
struct Trend {
  double first = 0;
  double last = 0;
  double most = 0;
  double per_minute = 0;  // slope of the straight line through all of them, by least squares
};
Trend TrendOf(const std::vector<ProcessSample>& samples,
              const std::function<double(const ProcessSample&)>& figure);

// A line of a table: its name, first, last, most and the slope, which is the answer.
double PrintTrend(const std::string& name, const std::vector<ProcessSample>& samples,
                  const std::function<double(const ProcessSample&)>& figure);

// One process from its start to its end.
struct ProcessLife {
  std::string name;
  absl::Duration began;
  std::vector<ProcessSample> samples;

  absl::Duration length() const;
  // Those from `warm_up` after its beginning on.
  std::vector<ProcessSample> Warm(absl::Duration warm_up) const;
};

// Looks at processes every `period`, on a thread of its own.
class Sampler {
 public:
  Sampler(absl::Duration period, std::function<int()> attached);
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  // A new life of that name begins; the one before has ended.
  void Begin(const std::string& name, pid_t pid) ABSL_LOCKS_EXCLUDED(mutex_);
  void End(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  // The longest of that name.
  ProcessLife LongestLife(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  const absl::Duration period_;
  const std::function<int()> attached_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, pid_t> present_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<ProcessLife>> lives_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace resetctl::bench

#endif  // RESETCTL_TESTS_BENCH_PROCESS_SAMPLES_H_

#include "tests/bench/process_samples.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

#include "proto/base/clock.h"

namespace resetctl::bench {
namespace {

absl::Duration Steady() { return base::RealClock().Steady(); }

}  // namespace

std::optional<ProcessSample> Look(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  ProcessSample sample;
  sample.at = Steady();
  std::error_code gone;
  const std::filesystem::directory_iterator descriptors(folder + "/fd", gone);
  if (gone) return std::nullopt;
  sample.descriptors = static_cast<double>(std::distance(begin(descriptors), end(descriptors)));
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string name;
    double value = 0;
    if (!(words >> name >> value)) continue;
    if (name == "VmRSS:") sample.resident = value;
    if (name == "RssAnon:") sample.anonymous = value;
    if (name == "Threads:") sample.threads = value;
  }
  if (sample.resident == 0) return std::nullopt;  // it has just ended
  return sample;
}

Trend TrendOf(const std::vector<ProcessSample>& samples,
              const std::function<double(const ProcessSample&)>& figure) {
  Trend trend;
  if (samples.empty()) return trend;
  trend.first = trend.most = figure(samples.front());
  trend.last = figure(samples.back());
  double mean_minute = 0, mean = 0;
  const auto minute = [&](const ProcessSample& sample) {
    return absl::ToDoubleMinutes(sample.at - samples.front().at);
  };
  const double count = static_cast<double>(samples.size());
  for (const ProcessSample& sample : samples) {
    trend.most = std::max(trend.most, figure(sample));
    mean_minute += minute(sample) / count;
    mean += figure(sample) / count;
  }
  double together = 0, spread = 0;
  for (const ProcessSample& sample : samples) {
    together += (minute(sample) - mean_minute) * (figure(sample) - mean);
    spread += (minute(sample) - mean_minute) * (minute(sample) - mean_minute);
  }
  if (spread > 0) trend.per_minute = together / spread;
  return trend;
}

double PrintTrend(const std::string& name, const std::vector<ProcessSample>& samples,
                  const std::function<double(const ProcessSample&)>& figure) {
  const Trend trend = TrendOf(samples, figure);
  std::printf("%-24s %10.0f %10.0f %10.0f %12.1f\n", name.c_str(), trend.first, trend.last,
              trend.most, trend.per_minute);
  return trend.per_minute;
}

absl::Duration ProcessLife::length() const {
  return samples.empty() ? absl::ZeroDuration() : samples.back().at - began;
}

std::vector<ProcessSample> ProcessLife::Warm(absl::Duration warm_up) const {
  std::vector<ProcessSample> warm;
  std::copy_if(samples.begin(), samples.end(), std::back_inserter(warm),
               [&](const ProcessSample& sample) { return sample.at >= began + warm_up; });
  return warm;
}

Sampler::Sampler(absl::Duration period, std::function<int()> attached)
    : period_(period), attached_(std::move(attached)), thread_([this] { Run(); }) {}

Sampler::~Sampler() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void Sampler::Begin(const std::string& name, pid_t pid) {
  base::MutexLock lock(mutex_);
  present_[name] = pid;
  lives_[name].push_back({name, Steady(), {}});
}

void Sampler::End(const std::string& name) {
  base::MutexLock lock(mutex_);
  present_.erase(name);
}

ProcessLife Sampler::LongestLife(const std::string& name) const {
  base::MutexLock lock(mutex_);
  const auto found = lives_.find(name);
  if (found == lives_.end()) return {};
  return *std::max_element(
      found->second.begin(), found->second.end(),
      [](const ProcessLife& a, const ProcessLife& b) { return a.length() < b.length(); });
}

void Sampler::Run() {
  absl::Duration next = Steady();
  for (;;) {
    const int attached = attached_();
    base::MutexLock lock(mutex_);
    if (stopping_) return;
    for (const auto& [name, pid] : present_) {
      std::optional<ProcessSample> sample = Look(pid);
      if (!sample) continue;
      sample->attached = attached;
      lives_[name].back().samples.push_back(*sample);
    }
    next = std::max(next + period_, Steady());
    while (!stopping_ && Steady() < next) {
      changed_.WaitFor(mutex_,
                       std::chrono::milliseconds(absl::ToInt64Milliseconds(next - Steady()) + 1));
    }
  }
}

}  // namespace resetctl::bench

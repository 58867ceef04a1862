#include "controller/notify/notifier.h"

#include <utility>

#include "proto/base/log.h"

namespace resetctl::controller {

Notifier::Notifier(std::vector<Sink> sinks, Store& store, const PolicyHolder& policy,
                   const base::Clock& clock, RetryPace pace) {
  for (Sink& sink : sinks) {
    for (const std::string& environment : sink.environments) {
      if (policy.Get()->environments.contains(environment)) continue;
      base::Log(base::LogLevel::kWarning, "the policy has no environment that notify names",
                {{"sink", sink.name}, {"environment", environment}});
    }
    workers_.push_back(std::make_unique<SinkWorker>(std::move(sink), store, policy, clock, pace));
  }
}

absl::Status Notifier::Start() {
  for (const auto& worker : workers_) {
    absl::Status status = worker->Start();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void Notifier::Wake() {
  for (const auto& worker : workers_) worker->Wake();
}

void Notifier::Stop() {
  // All at once, then each: the slowest decides, not the sum.
  for (const auto& worker : workers_) worker->Cancel();
  for (const auto& worker : workers_) worker->Stop();
}

}  // namespace resetctl::controller

#ifndef RESETCTL_CONTROLLER_NOTIFY_NOTIFIER_H_
#define RESETCTL_CONTROLLER_NOTIFY_NOTIFIER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "controller/notify/sink.h"
#include "controller/notify/sink_worker.h"

namespace resetctl::controller {

// Tells every sink what the audit log says, each at its own speed: one that is slow or dead holds up no other, and no run.
class Notifier {
 public:
  // The store, the policy and the clock outlive it.
  Notifier(std::vector<Sink> sinks, Store& store, const PolicyHolder& policy,
           const base::Clock& clock, RetryPace pace = {});

  // Once. What is committed from now on is told, also to sinks that were never seen before.
  absl::Status Start();
  // After a commit, from any thread, also under a lock: sets flags and returns.
  void Wake();
  // Within a second: transfers end. What was not sent is sent after the next Start() of such a notifier.
  void Stop();

 private:
  std::vector<std::unique_ptr<SinkWorker>> workers_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_NOTIFY_NOTIFIER_H_

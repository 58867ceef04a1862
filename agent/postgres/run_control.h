#ifndef RESETCTL_AGENT_POSTGRES_RUN_CONTROL_H_
#define RESETCTL_AGENT_POSTGRES_RUN_CONTROL_H_

#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/postgres/session.h"
#include "proto/base/mutex.h"

namespace resetctl::agent {

// Cancelling a run from another thread. A cancel request that reaches the server between two statements is lost, so it is
// repeated until the run has stopped, and the socket is shut when the server does not listen.
class RunControl {
 public:
  RunControl() = default;
  RunControl(const RunControl&) = delete;
  RunControl& operator=(const RunControl&) = delete;

  // A new claim: what was cancelled before is not this run.
  void Reset();
  void Cancel();
  bool cancelled();
  // CANCELLED, or OK.
  absl::Status Check();
  // Sleeps; CANCELLED as soon as somebody cancels.
  absl::Status Sleep(absl::Duration duration);
  // The last moment at which a cancel counts, just before COMMIT. False: it came in time.
  bool PassPointOfNoReturn();

  // While it lives, a cancel reaches `session`.
  class Watch {
   public:
    Watch(RunControl& control, Session& session);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    void Pump();
    RunControl& control_;
    Session& session_;
    bool over_ = false;  // guarded by control_.mutex_
    std::thread thread_;
  };

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool passed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RUN_CONTROL_H_

#ifndef RESETCTL_CONTROLLER_SERVICE_RUN_WATCH_H_
#define RESETCTL_CONTROLLER_SERVICE_RUN_WATCH_H_

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "controller/service/desk.h"
#include "controller/service/run_flow.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::controller {

// One watcher of one run. It reads the store at its own pace: each event once and in order, states conflated when it is
// slow. The first message and the last carry the run and no event. Not thread-safe, but for `wake`.
class RunWatch {
 public:
  // `run` as the caller may see it. `wake` is called from any thread whenever Next() may have something new; it must only
  // schedule work, and must stay callable until the watch is destroyed.
  RunWatch(Desk& desk, RunFlow& flow, const Requester& who, const RunRecord& run,
           uint64_t after_seq, std::function<void()> wake);
  ~RunWatch();
  RunWatch(const RunWatch&) = delete;
  RunWatch& operator=(const RunWatch&) = delete;

  // The next message; nothing when there is none now. Blocks on the store.
  absl::StatusOr<std::optional<v1::WatchRunResponse>> Next();
  // The last message was given out.
  bool ended() const { return ended_; }

 private:
  Desk& desk_;
  RunFlow& flow_;
  const std::string run_id_;
  const bool starter_;
  uint64_t subscription_ = 0;

  uint64_t cursor_;  // the last event read
  std::deque<v1::RunEvent> events_;
  std::string shown_;  // the run as last sent
  bool ended_ = false;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_RUN_WATCH_H_

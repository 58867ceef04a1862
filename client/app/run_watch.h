#ifndef RESETCTL_CLIENT_APP_RUN_WATCH_H_
#define RESETCTL_CLIENT_APP_RUN_WATCH_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/app/controller.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// A run's messages, each once, over as many streams as it takes: when the controller goes away the watch reconnects,
// with growing pauses, and goes on after the last event it has. A thread reads; the owner polls Next().
class RunWatch {
 public:
  // The controller outlives it. Gives up after `give_up` without a message or a connection.
  RunWatch(Controller& controller, const std::string& run_id,
           absl::Duration give_up = absl::Minutes(2));
  ~RunWatch();
  RunWatch(const RunWatch&) = delete;
  RunWatch& operator=(const RunWatch&) = delete;

  struct News {
    std::optional<v1::WatchRunResponse> message;
    bool reconnecting = false;
    std::optional<absl::Status> end;  // the last news: OK when the run has ended for now
  };
  // Nothing when `timeout` passes without news.
  std::optional<News> Next(absl::Duration timeout);

 private:
  void Read();
  void Push(News news);
  bool Pause(absl::Duration duration);  // false: to stop
  bool stopping();

  Controller& controller_;
  const std::string run_id_;
  const absl::Duration give_up_;

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<News> news_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> cancel_ ABSL_GUARDED_BY(mutex_);

  std::thread reader_;  // last: it uses all of the above
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_RUN_WATCH_H_

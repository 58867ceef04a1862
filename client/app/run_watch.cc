#include "client/app/run_watch.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/output/exit_codes.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(5);

}  // namespace

RunWatch::RunWatch(Controller& controller, const std::string& run_id, absl::Duration give_up)
    : controller_(controller), run_id_(run_id), give_up_(give_up), reader_([this] { Read(); }) {}

RunWatch::~RunWatch() {
  std::function<void()> cancel;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    cancel = cancel_;
    changed_.SignalAll();
  }
  if (cancel) cancel();
  reader_.join();
}

std::optional<RunWatch::News> RunWatch::Next(absl::Duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(timeout);
  base::MutexLock lock(mutex_);
  while (news_.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    changed_.WaitFor(mutex_, left);
  }
  News news = std::move(news_.front());
  news_.pop_front();
  return news;
}

void RunWatch::Push(News news) {
  base::MutexLock lock(mutex_);
  news_.push_back(std::move(news));
  changed_.SignalAll();
}

bool RunWatch::stopping() {
  base::MutexLock lock(mutex_);
  return stopping_;
}

bool RunWatch::Pause(absl::Duration duration) {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(duration);
  base::MutexLock lock(mutex_);
  while (!stopping_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    changed_.WaitFor(mutex_, left);
  }
  return false;
}

void RunWatch::Read() {
  uint64_t seen = 0;
  bool ended = false;
  absl::Duration pause = kFirstPause;
  absl::Duration without = absl::ZeroDuration();
  while (!stopping()) {
    v1::WatchRunRequest request;
    request.set_run_id(run_id_);
    request.set_after_seq(seen);
    const absl::Status status = controller_.WatchRun(
        request,
        [this](std::function<void()> cancel) {
          base::MutexLock lock(mutex_);
          cancel_ = std::move(cancel);
          if (stopping_) cancel_();
        },
        [&](const v1::WatchRunResponse& message) {
          pause = kFirstPause;
          without = absl::ZeroDuration();
          if (message.has_event()) {
            if (message.event().seq() <= seen) return;
            seen = message.event().seq();
          }
          if (message.has_run()) ended = EndStateOf(message.run().state()).ended;
          Push({.message = message, .reconnecting = false, .end = std::nullopt});
        });
    if (stopping()) return;
    if ((status.ok() && ended) || (!status.ok() && !MayPass(status))) {
      Push({.message = std::nullopt, .reconnecting = false, .end = status});
      return;
    }
    if (without >= give_up_) {
      Push(
          {.message = std::nullopt,
           .reconnecting = false,
           .end = status.ok() ? absl::UnavailableError("the controller ended the watch") : status});
      return;
    }
    Push({.message = std::nullopt, .reconnecting = true, .end = std::nullopt});
    if (!Pause(pause)) return;
    without += pause;
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace resetctl::client

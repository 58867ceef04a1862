#include "agent/postgres/left_backends.h"

#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/log.h"

namespace resetctl::agent {
namespace {

constexpr std::chrono::milliseconds kPause{2000};
constexpr absl::Duration kPatience = absl::Seconds(3);

}  // namespace

LeftBackends::LeftBackends(base::Secret url) : url_(std::move(url)), thread_([this] { Work(); }) {}

LeftBackends::~LeftBackends() {
  {
    base::MutexLock lock(mutex_);
    over_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void LeftBackends::Add(const Backend& backend) {
  if (backend.started == 0) return;
  base::MutexLock lock(mutex_);
  left_.push_back(backend);
  changed_.SignalAll();
}

void LeftBackends::EndNow(Session& session) {
  std::vector<Backend> left;
  {
    base::MutexLock lock(mutex_);
    while (ending_) changed_.Wait(mutex_);
    left.swap(left_);
    ending_ = true;
  }
  std::vector<Backend> not_ended;
  for (const Backend& backend : left) {
    const absl::StatusOr<bool> ended = EndBackend(session, backend);
    if (!ended.ok()) not_ended.push_back(backend);
    if (!ended.ok() || !*ended) continue;
    base::Log(base::LogLevel::kWarning, "a session that was given up was ended in the server",
              {{"pid", absl::StrCat(backend.pid)}});
  }
  base::MutexLock lock(mutex_);
  left_.insert(left_.end(), not_ended.begin(), not_ended.end());
  ending_ = false;
  changed_.SignalAll();
}

void LeftBackends::Work() {
  for (;;) {
    {
      base::MutexLock lock(mutex_);
      while (!over_ && left_.empty()) changed_.Wait(mutex_);
      if (over_) return;
    }
    const auto session = Session::ConnectToLook(url_, kPatience);
    if (session.ok()) EndNow(**session);
    base::MutexLock lock(mutex_);
    if (!over_ && !left_.empty()) changed_.WaitFor(mutex_, kPause);
  }
}

}  // namespace resetctl::agent

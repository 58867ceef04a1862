#ifndef RESETCTL_CONTROLLER_SERVICE_WATCH_HUB_H_
#define RESETCTL_CONTROLLER_SERVICE_WATCH_HUB_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "proto/base/mutex.h"

namespace resetctl::controller {

// Tells watchers that a run has something new; they read it from the store at their own pace. So a slow watcher costs no
// memory and slows nobody. Thread-safe.
class WatchHub {
 public:
  // `wake` is called under the hub's lock: it must only schedule work.
  uint64_t Add(const std::string& run_id, std::function<void()> wake) {
    base::MutexLock lock(mutex_);
    const uint64_t id = next_++;
    watchers_[run_id][id] = std::move(wake);
    return id;
  }
  // No wake happens after this has returned.
  void Remove(const std::string& run_id, uint64_t id) {
    base::MutexLock lock(mutex_);
    const auto found = watchers_.find(run_id);
    if (found == watchers_.end()) return;
    found->second.erase(id);
    if (found->second.empty()) watchers_.erase(found);
  }
  void Notify(const std::string& run_id) {
    base::MutexLock lock(mutex_);
    const auto found = watchers_.find(run_id);
    if (found == watchers_.end()) return;
    for (const auto& [id, wake] : found->second) wake();
  }
  void NotifyAll() {
    base::MutexLock lock(mutex_);
    for (const auto& [run_id, wakes] : watchers_) {
      for (const auto& [id, wake] : wakes) wake();
    }
  }

 private:
  base::Mutex mutex_;
  std::map<std::string, std::map<uint64_t, std::function<void()>>> watchers_
      ABSL_GUARDED_BY(mutex_);
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_WATCH_HUB_H_

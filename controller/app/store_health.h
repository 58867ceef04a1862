#ifndef RESETCTL_CONTROLLER_APP_STORE_HEALTH_H_
#define RESETCTL_CONTROLLER_APP_STORE_HEALTH_H_

#include <functional>

#include "absl/status/status.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// Whether the store can be written. The store itself says how its writes end; here a change is noticed, logged once and told.
// Thread-safe; the listener is called without a lock, on the thread that wrote.
class StoreHealth {
 public:
  using Listener = std::function<void(const absl::Status&)>;

  // Replaces the one before. Null: nobody.
  void SetListener(Listener listener) ABSL_LOCKS_EXCLUDED(mutex_);
  // How a write has ended.
  void Take(const absl::Status& written) ABSL_LOCKS_EXCLUDED(mutex_);
  bool ok() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable base::Mutex mutex_;
  Listener listener_ ABSL_GUARDED_BY(mutex_);
  bool ok_ ABSL_GUARDED_BY(mutex_) = true;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_STORE_HEALTH_H_

#include "controller/app/store_health.h"

#include <utility>

#include "proto/base/log.h"

namespace resetctl::controller {

void StoreHealth::SetListener(Listener listener) {
  base::MutexLock lock(mutex_);
  listener_ = std::move(listener);
}

bool StoreHealth::ok() const {
  base::MutexLock lock(mutex_);
  return ok_;
}

void StoreHealth::Take(const absl::Status& written) {
  Listener listener;
  {
    base::MutexLock lock(mutex_);
    if (written.ok() == ok_) return;
    ok_ = written.ok();
    listener = listener_;
  }
  if (written.ok()) {
    base::Log(base::LogLevel::kInfo, "the store can be written again");
  } else {
    base::Log(base::LogLevel::kError,
              "the store cannot be written; nothing new is taken until it can",
              {{"error", written.message()}});
  }
  if (listener) listener(written);
}

}  // namespace resetctl::controller

#ifndef RESETCTL_CONTROLLER_SERVICE_POLICY_HOLDER_H_
#define RESETCTL_CONTROLLER_SERVICE_POLICY_HOLDER_H_

#include <memory>
#include <utility>

#include "controller/domain/policy.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// The policy in force. A reader takes a snapshot and keeps it for one decision. Thread-safe.
class PolicyHolder {
 public:
  explicit PolicyHolder(Policy policy)
      : policy_(std::make_shared<const Policy>(std::move(policy))) {}

  std::shared_ptr<const Policy> Get() const {
    base::MutexLock lock(mutex_);
    return policy_;
  }
  void Set(Policy policy) {
    auto fresh = std::make_shared<const Policy>(std::move(policy));
    base::MutexLock lock(mutex_);
    policy_ = std::move(fresh);
  }

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<const Policy> policy_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_POLICY_HOLDER_H_

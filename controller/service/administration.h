#ifndef RESETCTL_CONTROLLER_SERVICE_ADMINISTRATION_H_
#define RESETCTL_CONTROLLER_SERVICE_ADMINISTRATION_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/service/desk.h"
#include "controller/service/policy_holder.h"
#include "proto/base/mutex.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/ssh_signature.h"
#include "resetctl/v1/environment.pb.h"

namespace resetctl::controller {

// What admins change by a signed statement (TRUST §2): the policy, and whether an environment is frozen. Each change is in the
// audit log with its statement before it is in force.
class Administration {
 public:
  // Keeps the policy's text where the next start reads it; durable when it returns.
  using PolicyKeeper = std::function<absl::Status(const std::string& yaml)>;

  Administration(Desk& desk, PolicyHolder& policy, PolicyKeeper keep)
      : desk_(desk), policy_(policy), keep_(std::move(keep)) {}

  // Problems in the response: nothing was changed. A policy that takes the signer's own admin right away is refused, so that
  // nobody locks everybody out by a slip.
  absl::StatusOr<v1::ApplyPolicyResponse> ApplyPolicy(const Requester& who,
                                                      const v1::ApplyPolicyRequest& request);
  // INVALID_ARGUMENT for an `until` that has passed. Replaces an earlier freeze.
  absl::Status Freeze(const Requester& who, const v1::FreezeEnvironmentRequest& request);
  // WRONG_STATE when it is not frozen.
  absl::Status Unfreeze(const Requester& who, const v1::UnfreezeEnvironmentRequest& request);

 private:
  absl::StatusOr<v1::ApplyPolicyResponse> TryApplyPolicy(const Requester& who,
                                                         const v1::ApplyPolicyRequest& request,
                                                         const contract::AdminAction& action,
                                                         const Act& act);
  // What the signed act changes, decided while nobody else decides.
  using Decide = std::function<absl::StatusOr<Change>(const contract::VerifiedStatement& verified,
                                                      absl::Time now)>;
  absl::Status ChangeEnvironment(const Requester& who, const Act& act,
                                 const contract::AdminAction& action, const Decide& decide);
  absl::Status TryChangeEnvironment(const Requester& who, const Act& act,
                                    const contract::AdminAction& action, const Decide& decide);

  Desk& desk_;
  PolicyHolder& policy_;
  const PolicyKeeper keep_;
  base::Mutex applying_;  // one policy at a time: file, log and memory agree
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_ADMINISTRATION_H_

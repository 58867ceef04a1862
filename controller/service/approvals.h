#ifndef RESETCTL_CONTROLLER_SERVICE_APPROVALS_H_
#define RESETCTL_CONTROLLER_SERVICE_APPROVALS_H_

#include "absl/status/statusor.h"
#include "controller/service/desk.h"
#include "proto/contract/ssh_signature.h"
#include "resetctl/v1/approval.pb.h"

namespace resetctl::controller {

// Signed decisions about plans: approve, reject, unapprove.
class Approvals {
 public:
  explicit Approvals(Desk& desk) : desk_(desk) {}

  // Verifies the statement against the stored plan, then takes the decision. A retry with the same request id is answered,
  // not taken twice. ALREADY_APPROVED, SELF_APPROVAL, ROBOT_CANNOT_APPROVE, NOT_AN_APPROVER, WRONG_STATE,
  // STATEMENT_MISMATCH, STATEMENT_REPLAYED, ...
  absl::StatusOr<v1::DecidePlanResponse> Decide(const Requester& who,
                                                const v1::DecidePlanRequest& request);

 private:
  absl::Status TryDecide(const Requester& who, const v1::DecidePlanRequest& request, Act* act,
                         PlanRecord* plan);
  absl::Status Take(const Requester& who, const v1::DecidePlanRequest& request,
                    const contract::VerifiedStatement& verified, const Act& act, PlanRecord* plan);

  Desk& desk_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_APPROVALS_H_

#ifndef RESETCTL_CONTROLLER_SERVICE_REVIEWS_H_
#define RESETCTL_CONTROLLER_SERVICE_REVIEWS_H_

#include "absl/status/statusor.h"
#include "controller/service/desk.h"
#include "proto/contract/admin_action.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::controller {

// Reviews of break-glass runs (TRUST §8): an admin who did not run it signs that they have looked at it. Until then the target
// takes no other break-glass run.
class Reviews {
 public:
  explicit Reviews(Desk& desk) : desk_(desk) {}

  // WRONG_STATE when the run did not break the glass, still goes on, or was reviewed; SELF_APPROVAL for its runner.
  absl::StatusOr<v1::ReviewRunResponse> Review(const Requester& who,
                                               const v1::ReviewRunRequest& request);

 private:
  absl::StatusOr<RunRecord> TryReview(const Requester& who, const v1::ReviewRunRequest& request,
                                      const contract::AdminAction& action, Act* act);

  Desk& desk_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_REVIEWS_H_

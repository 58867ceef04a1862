#ifndef RESETCTL_CONTROLLER_SERVICE_CATALOGUE_H_
#define RESETCTL_CONTROLLER_SERVICE_CATALOGUE_H_

#include "absl/status/statusor.h"
#include "controller/service/desk.h"
#include "resetctl/v1/environment.pb.h"
#include "resetctl/v1/target.pb.h"

namespace resetctl::controller {

// What there is to look at: environments, their policy, targets. Reads only; each as the caller's read roles allow.
class Catalogue {
 public:
  explicit Catalogue(Desk& desk) : desk_(desk) {}

  absl::StatusOr<v1::ListEnvironmentsResponse> ListEnvironments(const Requester& who);
  absl::StatusOr<v1::GetEnvironmentResponse> GetEnvironment(
      const Requester& who, const v1::GetEnvironmentRequest& request);
  v1::GetPolicyResponse GetPolicy();

  absl::StatusOr<v1::ListTargetsResponse> ListTargets(const Requester& who,
                                                      const v1::ListTargetsRequest& request);
  absl::StatusOr<v1::GetTargetResponse> GetTarget(const Requester& who,
                                                  const v1::GetTargetRequest& request);

 private:
  absl::StatusOr<v1::Environment> Show(const Requester& who, const Policy& policy,
                                       const std::string& name,
                                       const std::vector<AgentRecord>& agents) const;

  Desk& desk_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_CATALOGUE_H_

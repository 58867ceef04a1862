#ifndef RESETCTL_CONTROLLER_SERVICE_RUNS_H_
#define RESETCTL_CONTROLLER_SERVICE_RUNS_H_

#include <string>

#include "absl/status/statusor.h"
#include "controller/service/desk.h"
#include "controller/service/run_flow.h"
#include "proto/contract/ssh_signature.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::controller {

// What people do with runs: start, cancel, resume, look.
class Runs {
 public:
  Runs(Desk& desk, RunFlow& flow) : desk_(desk), flow_(flow) {}

  // Verifies the run statement and the phrase, asks the policy for every objection, then the run is HELD, or OFFERED at once
  // when the rules have no hold. AGENT_OFFLINE and TARGET_BUSY before anything is written.
  absl::StatusOr<v1::StartRunResponse> Start(const Requester& who,
                                             const v1::StartRunRequest& request);
  // HELD: CANCELLED at once. OFFERED, RUNNING, UNKNOWN: asked of the agent; the answer is what the ledger says.
  absl::StatusOr<v1::CancelRunResponse> Cancel(const Requester& who,
                                               const v1::CancelRunRequest& request);
  // NEEDS_ATTENTION -> COMMITTED; the agent repeats only what is left.
  absl::StatusOr<v1::ResumeRunResponse> Resume(const Requester& who,
                                               const v1::ResumeRunRequest& request);
  absl::StatusOr<v1::GetRunResponse> Get(const Requester& who, const v1::GetRunRequest& request);
  absl::StatusOr<v1::ListRunsResponse> List(const Requester& who,
                                            const v1::ListRunsRequest& request);

 private:
  absl::StatusOr<RunRecord> TryStart(const Requester& who, const v1::StartRunRequest& request,
                                     Act* act);
  absl::StatusOr<RunRecord> Order(const Requester& who, const v1::StartRunRequest& request,
                                  const contract::VerifiedStatement& verified,
                                  const std::string& plan_id, const Act& act);
  absl::StatusOr<RunRecord> TryCancel(const Requester& who, const v1::CancelRunRequest& request,
                                      Act* act);
  absl::StatusOr<RunRecord> TryResume(const Requester& who, const v1::ResumeRunRequest& request,
                                      Act* act);

  Desk& desk_;
  RunFlow& flow_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_RUNS_H_

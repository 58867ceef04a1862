#ifndef RESETCTL_CLIENT_APP_CONTROLLER_H_
#define RESETCTL_CLIENT_APP_CONTROLLER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/app/connection.h"
#include "resetctl/v1/approval.pb.h"
#include "resetctl/v1/audit.pb.h"
#include "resetctl/v1/environment.pb.h"
#include "resetctl/v1/login.pb.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/run.pb.h"
#include "resetctl/v1/target.pb.h"

namespace resetctl::client {

// Every call that a person makes, by its name on the wire; deadlines and errors as in Connection::Call. The generated
// stubs stay in the .cc file.
class Controller {
 public:
  // The connection outlives it.
  explicit Controller(Connection& connection) : connection_(connection) {}
  Connection& connection() { return connection_; }

  absl::Status Logout();
  absl::StatusOr<v1::GetIdentityResponse> GetIdentity();
  absl::StatusOr<v1::ListSessionsResponse> ListSessions();
  absl::StatusOr<v1::RevokeSessionResponse> RevokeSession(const v1::RevokeSessionRequest& request);

  absl::StatusOr<v1::CreatePlanResponse> CreatePlan(const v1::CreatePlanRequest& request);
  absl::StatusOr<v1::GetPlanResponse> GetPlan(const v1::GetPlanRequest& request);
  absl::StatusOr<v1::ListPlansResponse> ListPlans(const v1::ListPlansRequest& request);
  absl::StatusOr<v1::WithdrawPlanResponse> WithdrawPlan(const v1::WithdrawPlanRequest& request);
  absl::StatusOr<v1::GetBundleResponse> GetBundle(const v1::GetBundleRequest& request);
  absl::StatusOr<v1::DecidePlanResponse> DecidePlan(const v1::DecidePlanRequest& request);

  absl::StatusOr<v1::StartRunResponse> StartRun(const v1::StartRunRequest& request);
  absl::StatusOr<v1::GetRunResponse> GetRun(const v1::GetRunRequest& request);
  absl::StatusOr<v1::ListRunsResponse> ListRuns(const v1::ListRunsRequest& request);
  absl::StatusOr<v1::CancelRunResponse> CancelRun(const v1::CancelRunRequest& request);
  absl::StatusOr<v1::ResumeRunResponse> ResumeRun(const v1::ResumeRunRequest& request);
  absl::StatusOr<v1::ReviewRunResponse> ReviewRun(const v1::ReviewRunRequest& request);

  absl::StatusOr<v1::ListEnvironmentsResponse> ListEnvironments();
  absl::StatusOr<v1::GetEnvironmentResponse> GetEnvironment(
      const v1::GetEnvironmentRequest& request);
  absl::StatusOr<v1::GetPolicyResponse> GetPolicy();
  absl::StatusOr<v1::ApplyPolicyResponse> ApplyPolicy(const v1::ApplyPolicyRequest& request);
  absl::StatusOr<v1::FreezeEnvironmentResponse> FreezeEnvironment(
      const v1::FreezeEnvironmentRequest& request);
  absl::StatusOr<v1::UnfreezeEnvironmentResponse> UnfreezeEnvironment(
      const v1::UnfreezeEnvironmentRequest& request);

  absl::StatusOr<v1::ListTargetsResponse> ListTargets(const v1::ListTargetsRequest& request);
  absl::StatusOr<v1::GetTargetResponse> GetTarget(const v1::GetTargetRequest& request);
  absl::StatusOr<v1::ListAgentsResponse> ListAgents();
  absl::StatusOr<v1::InviteAgentResponse> InviteAgent(const v1::InviteAgentRequest& request);
  absl::StatusOr<v1::RevokeAgentResponse> RevokeAgent(const v1::RevokeAgentRequest& request);

  absl::StatusOr<v1::RebindTargetResponse> RebindTarget(const v1::RebindTargetRequest& request);

  absl::StatusOr<v1::ListEntriesResponse> ListEntries(const v1::ListEntriesRequest& request);
  absl::StatusOr<v1::GetConsistencyProofResponse> GetConsistencyProof(
      const v1::GetConsistencyProofRequest& request);
  absl::StatusOr<v1::GetInclusionProofResponse> GetInclusionProof(
      const v1::GetInclusionProofRequest& request);
  absl::StatusOr<v1::ExportEntriesResponse> ExportEntries(const v1::ExportEntriesRequest& request);
  absl::StatusOr<v1::ListCosignaturesResponse> ListCosignatures();

  // One WatchRun stream, from start to end, on the caller's thread: `on_open` gets what cancels it from another thread,
  // `on_message` each message.
  absl::Status WatchRun(const v1::WatchRunRequest& request,
                        const std::function<void(std::function<void()> cancel)>& on_open,
                        const std::function<void(const v1::WatchRunResponse&)>& on_message);

 private:
  Connection& connection_;
};

// For requests that may be repeated: 128 random bits, hexadecimal.
std::string NewRequestId();

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_CONTROLLER_H_

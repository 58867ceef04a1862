#include "client/app/controller.h"

#include "grpcpp/grpcpp.h"
#include "proto/base/text.h"
#include "resetctl/v1/approval.grpc.pb.h"
#include "resetctl/v1/audit.grpc.pb.h"
#include "resetctl/v1/environment.grpc.pb.h"
#include "resetctl/v1/login.grpc.pb.h"
#include "resetctl/v1/plan.grpc.pb.h"
#include "resetctl/v1/run.grpc.pb.h"
#include "resetctl/v1/target.grpc.pb.h"

namespace resetctl::client {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(20);
// The agent counts every table, and may wait for a busy database.
constexpr absl::Duration kPlanDeadline = absl::Minutes(5);

template <typename Service, typename Request, typename Response>
absl::StatusOr<Response> Ask(Connection& connection,
                             grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                             const Request& request, absl::Duration deadline = kDeadline) {
  const auto stub = Service::NewStub(connection.channel());
  Response response;
  absl::Status status = connection.Call(deadline, [&](grpc::ClientContext* context) {
    response.Clear();
    return (stub.get()->*method)(context, request, &response);
  });
  if (!status.ok()) return status;
  return response;
}

}  // namespace

std::string NewRequestId() { return base::ToHex(base::RandomBytes(16)); }

absl::Status Controller::Logout() {
  return Ask<v1::LoginService>(connection_, &v1::LoginService::Stub::Logout, v1::LogoutRequest())
      .status();
}

absl::StatusOr<v1::GetIdentityResponse> Controller::GetIdentity() {
  return Ask<v1::LoginService>(connection_, &v1::LoginService::Stub::GetIdentity,
                               v1::GetIdentityRequest());
}

absl::StatusOr<v1::ListSessionsResponse> Controller::ListSessions() {
  return Ask<v1::LoginService>(connection_, &v1::LoginService::Stub::ListSessions,
                               v1::ListSessionsRequest());
}

absl::StatusOr<v1::RevokeSessionResponse> Controller::RevokeSession(
    const v1::RevokeSessionRequest& request) {
  return Ask<v1::LoginService>(connection_, &v1::LoginService::Stub::RevokeSession, request);
}

absl::StatusOr<v1::CreatePlanResponse> Controller::CreatePlan(
    const v1::CreatePlanRequest& request) {
  return Ask<v1::PlanService>(connection_, &v1::PlanService::Stub::CreatePlan, request,
                              kPlanDeadline);
}

absl::StatusOr<v1::GetPlanResponse> Controller::GetPlan(const v1::GetPlanRequest& request) {
  return Ask<v1::PlanService>(connection_, &v1::PlanService::Stub::GetPlan, request);
}

absl::StatusOr<v1::ListPlansResponse> Controller::ListPlans(const v1::ListPlansRequest& request) {
  return Ask<v1::PlanService>(connection_, &v1::PlanService::Stub::ListPlans, request);
}

absl::StatusOr<v1::WithdrawPlanResponse> Controller::WithdrawPlan(
    const v1::WithdrawPlanRequest& request) {
  return Ask<v1::PlanService>(connection_, &v1::PlanService::Stub::WithdrawPlan, request);
}

absl::StatusOr<v1::GetBundleResponse> Controller::GetBundle(const v1::GetBundleRequest& request) {
  return Ask<v1::PlanService>(connection_, &v1::PlanService::Stub::GetBundle, request);
}

absl::StatusOr<v1::DecidePlanResponse> Controller::DecidePlan(
    const v1::DecidePlanRequest& request) {
  return Ask<v1::ApprovalService>(connection_, &v1::ApprovalService::Stub::DecidePlan, request);
}

absl::StatusOr<v1::StartRunResponse> Controller::StartRun(const v1::StartRunRequest& request) {
  return Ask<v1::RunService>(connection_, &v1::RunService::Stub::StartRun, request);
}

absl::StatusOr<v1::GetRunResponse> Controller::GetRun(const v1::GetRunRequest& request) {
  return Ask<v1::RunService>(connection_, &v1::RunService::Stub::GetRun, request);
}

absl::StatusOr<v1::ListRunsResponse> Controller::ListRuns(const v1::ListRunsRequest& request) {
  return Ask<v1::RunService>(connection_, &v1::RunService::Stub::ListRuns, request);
}

absl::StatusOr<v1::CancelRunResponse> Controller::CancelRun(const v1::CancelRunRequest& request) {
  return Ask<v1::RunService>(connection_, &v1::RunService::Stub::CancelRun, request);
}

absl::StatusOr<v1::ResumeRunResponse> Controller::ResumeRun(const v1::ResumeRunRequest& request) {
  return Ask<v1::RunService>(connection_, &v1::RunService::Stub::ResumeRun, request);
}

absl::StatusOr<v1::ReviewRunResponse> Controller::ReviewRun(const v1::ReviewRunRequest& request) {
  return Ask<v1::RunService>(connection_, &v1::RunService::Stub::ReviewRun, request);
}

absl::StatusOr<v1::ListEnvironmentsResponse> Controller::ListEnvironments() {
  return Ask<v1::EnvironmentService>(connection_, &v1::EnvironmentService::Stub::ListEnvironments,
                                     v1::ListEnvironmentsRequest());
}

absl::StatusOr<v1::GetEnvironmentResponse> Controller::GetEnvironment(
    const v1::GetEnvironmentRequest& request) {
  return Ask<v1::EnvironmentService>(connection_, &v1::EnvironmentService::Stub::GetEnvironment,
                                     request);
}

absl::StatusOr<v1::GetPolicyResponse> Controller::GetPolicy() {
  return Ask<v1::EnvironmentService>(connection_, &v1::EnvironmentService::Stub::GetPolicy,
                                     v1::GetPolicyRequest());
}

absl::StatusOr<v1::ApplyPolicyResponse> Controller::ApplyPolicy(
    const v1::ApplyPolicyRequest& request) {
  return Ask<v1::EnvironmentService>(connection_, &v1::EnvironmentService::Stub::ApplyPolicy,
                                     request);
}

absl::StatusOr<v1::FreezeEnvironmentResponse> Controller::FreezeEnvironment(
    const v1::FreezeEnvironmentRequest& request) {
  return Ask<v1::EnvironmentService>(connection_, &v1::EnvironmentService::Stub::FreezeEnvironment,
                                     request);
}

absl::StatusOr<v1::UnfreezeEnvironmentResponse> Controller::UnfreezeEnvironment(
    const v1::UnfreezeEnvironmentRequest& request) {
  return Ask<v1::EnvironmentService>(connection_,
                                     &v1::EnvironmentService::Stub::UnfreezeEnvironment, request);
}

absl::StatusOr<v1::ListTargetsResponse> Controller::ListTargets(
    const v1::ListTargetsRequest& request) {
  return Ask<v1::TargetService>(connection_, &v1::TargetService::Stub::ListTargets, request);
}

absl::StatusOr<v1::GetTargetResponse> Controller::GetTarget(const v1::GetTargetRequest& request) {
  return Ask<v1::TargetService>(connection_, &v1::TargetService::Stub::GetTarget, request);
}

absl::StatusOr<v1::ListAgentsResponse> Controller::ListAgents() {
  return Ask<v1::TargetService>(connection_, &v1::TargetService::Stub::ListAgents,
                                v1::ListAgentsRequest());
}

absl::StatusOr<v1::InviteAgentResponse> Controller::InviteAgent(
    const v1::InviteAgentRequest& request) {
  return Ask<v1::TargetService>(connection_, &v1::TargetService::Stub::InviteAgent, request);
}

absl::StatusOr<v1::RevokeAgentResponse> Controller::RevokeAgent(
    const v1::RevokeAgentRequest& request) {
  return Ask<v1::TargetService>(connection_, &v1::TargetService::Stub::RevokeAgent, request);
}

absl::StatusOr<v1::RebindTargetResponse> Controller::RebindTarget(
    const v1::RebindTargetRequest& request) {
  return Ask<v1::TargetService>(connection_, &v1::TargetService::Stub::RebindTarget, request,
                                kPlanDeadline);
}

absl::StatusOr<v1::ListEntriesResponse> Controller::ListEntries(
    const v1::ListEntriesRequest& request) {
  return Ask<v1::AuditService>(connection_, &v1::AuditService::Stub::ListEntries, request);
}

absl::StatusOr<v1::GetConsistencyProofResponse> Controller::GetConsistencyProof(
    const v1::GetConsistencyProofRequest& request) {
  return Ask<v1::AuditService>(connection_, &v1::AuditService::Stub::GetConsistencyProof, request);
}

absl::StatusOr<v1::GetInclusionProofResponse> Controller::GetInclusionProof(
    const v1::GetInclusionProofRequest& request) {
  return Ask<v1::AuditService>(connection_, &v1::AuditService::Stub::GetInclusionProof, request);
}

absl::StatusOr<v1::ExportEntriesResponse> Controller::ExportEntries(
    const v1::ExportEntriesRequest& request) {
  return Ask<v1::AuditService>(connection_, &v1::AuditService::Stub::ExportEntries, request);
}

absl::StatusOr<v1::ListCosignaturesResponse> Controller::ListCosignatures() {
  return Ask<v1::AuditService>(connection_, &v1::AuditService::Stub::ListCosignatures,
                               v1::ListCosignaturesRequest());
}

absl::Status Controller::WatchRun(
    const v1::WatchRunRequest& request,
    const std::function<void(std::function<void()> cancel)>& on_open,
    const std::function<void(const v1::WatchRunResponse&)>& on_message) {
  absl::Status session = connection_.EnsureSession();
  if (!session.ok()) return session;
  // Outlives the call: whoever holds the cancel function may use it later.
  const auto context = std::make_shared<grpc::ClientContext>();
  connection_.Authorize(context.get());
  on_open([context] { context->TryCancel(); });
  const auto stub = v1::RunService::NewStub(connection_.channel());
  const auto reader = stub->WatchRun(context.get(), request);
  v1::WatchRunResponse message;
  while (reader->Read(&message)) on_message(message);
  return connection_.FromGrpc(reader->Finish());
}

}  // namespace resetctl::client

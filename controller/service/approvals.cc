#include "controller/service/approvals.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/domain/plan_state.h"
#include "controller/service/statement_checks.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr char kDecidePlan[] = "DecidePlan";

std::string FingerprintOf(const v1::DecidePlanRequest& request) {
  return contract::Digest(absl::StrCat(request.plan_id(), "\n", request.statement().text()));
}

}  // namespace

absl::StatusOr<v1::DecidePlanResponse> Approvals::Decide(const Requester& who,
                                                         const v1::DecidePlanRequest& request) {
  Act act{.action = "plan.decide", .subject = request.plan_id(), .statement = &request.statement()};
  PlanRecord plan;
  absl::Status status = TryDecide(who, request, &act, &plan);
  if (!status.ok()) {
    return Refuse(desk_.committer, EntryBy(who, act, desk_.clock.Now()), status);
  }
  absl::StatusOr<v1::Plan> shown = ShowPlan(desk_, plan, true);
  if (!shown.ok()) return shown.status();
  v1::DecidePlanResponse response;
  *response.mutable_plan() = *std::move(shown);
  return response;
}

absl::Status Approvals::TryDecide(const Requester& who, const v1::DecidePlanRequest& request,
                                  Act* act, PlanRecord* plan) {
  absl::StatusOr<PlanRecord> found = ReadPlan(desk_, request.plan_id());
  if (!found.ok()) return found.status();
  *plan = *std::move(found);
  act->subject = plan->id;
  act->environment = plan->environment;
  act->target = plan->target;
  absl::Status status = CheckRead(desk_, who, plan->environment);
  if (!status.ok()) return status;

  absl::StatusOr<std::optional<RequestRecord>> answer =
      FindAnswer(desk_, who, kDecidePlan, request.request_id(), FingerprintOf(request));
  if (!answer.ok()) return answer.status();
  if (answer->has_value()) return absl::OkStatus();

  const absl::Status current = CheckExpiry(*plan, desk_.clock.Now()).ToStatus();
  if (!current.ok()) return current;
  absl::StatusOr<contract::VerifiedStatement> verified = CheckStatement(
      *desk_.policy.Get(), request.statement(), contract::StatementType::kApproval, who,
      {{"plan", contract::DigestOfPlanId(plan->id)},
       {"environment", plan->environment},
       {"target", plan->target},
       {"policy", plan->policy_digest},
       {"floor", plan->floor_digest}},
      desk_.clock.Now());
  if (!verified.ok()) return verified.status();
  act->action = absl::StrCat("plan.", verified->statement.Get("decision"));
  act->detail = verified->statement.Get("reason");
  return Take(who, request, *verified, *act, plan);
}

absl::Status Approvals::Take(const Requester& who, const v1::DecidePlanRequest& request,
                             const contract::VerifiedStatement& verified, const Act& act,
                             PlanRecord* plan) {
  base::MutexLock deciding(desk_.deciding);
  const absl::Time now = desk_.clock.Now();
  const std::shared_ptr<const Policy> policy = desk_.policy.Get();
  absl::StatusOr<PlanRecord> fresh = ReadPlan(desk_, plan->id);
  if (!fresh.ok()) return fresh.status();
  *plan = *std::move(fresh);
  absl::StatusOr<std::vector<ApprovalRecord>> approvals = desk_.plans.ListApprovals(plan->id);
  if (!approvals.ok()) return approvals.status();

  ApprovalRecord given;
  given.plan_id = plan->id;
  given.person = verified.person;
  given.key_fingerprint = verified.key.fingerprint;
  given.decision = verified.statement.Get("decision");
  given.reason = verified.statement.Get("reason");
  given.policy_digest = verified.statement.Get("policy");
  given.floor_digest = verified.statement.Get("floor");
  given.start_before = verified.statement.start_before();
  given.time = now;
  given.statement = request.statement();

  const Caller signer = SignerOf(verified);
  Decision decision;
  if (given.decision == "approve") {
    decision = MayApprove(*policy, *plan, *approvals, now, signer);
  } else if (given.decision == "unapprove") {
    decision = MayUnapprove(*policy, *plan, *approvals, now, signer);
  } else {
    decision = MayReject(*policy, *plan, now, signer);
  }
  absl::Status status = decision.ToStatus();
  if (!status.ok()) return status;

  approvals->push_back(given);
  approvals->back().sequence = static_cast<int64_t>(approvals->size());
  const v1::PlanState next = given.decision == "reject"
                                 ? v1::PLAN_STATE_REJECTED
                                 : StateByQuorum(*policy, *plan, *approvals, now);
  if (next != plan->state) {
    status = CheckMove(plan->state, next);
    if (!status.ok()) return status;
    plan->state = next;
  }
  if (next == v1::PLAN_STATE_REJECTED) {
    plan->state_reason =
        absl::StrCat("rejected by ", given.person, given.reason.empty() ? "" : ": ", given.reason);
  }

  // The plan is written even when its state stays: its version lets one decision see the other.
  Change change;
  change.Add(UpdatePlan{*plan}).Add(InsertApproval{given}).Add(NonceOf(verified.statement));
  if (!request.request_id().empty()) {
    change.Add(
        AnswerOf(who, kDecidePlan, request.request_id(), FingerprintOf(request), plan->id, now));
  }
  return desk_.committer.Commit(change, AuditTrail(EntryBy(who, act, now))).status();
}

}  // namespace resetctl::controller

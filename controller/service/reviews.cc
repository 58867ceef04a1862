#include "controller/service/reviews.h"

#include "absl/strings/str_cat.h"
#include "controller/domain/run_state.h"
#include "controller/service/statement_checks.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {

absl::StatusOr<v1::ReviewRunResponse> Reviews::Review(const Requester& who,
                                                      const v1::ReviewRunRequest& request) {
  const contract::AdminAction action = contract::ReviewAction(request.run_id(), request.note());
  Act act{.action = "run.review",
          .subject = request.run_id(),
          .detail = request.note(),
          .statement = &request.admin_statement(),
          .arguments = action.arguments};
  absl::StatusOr<RunRecord> run = TryReview(who, request, action, &act);
  if (!run.ok()) {
    return Refuse(desk_.committer, EntryBy(who, act, desk_.clock.Now()), run.status());
  }
  v1::ReviewRunResponse response;
  *response.mutable_run() = ShowRun(desk_, *run);
  return response;
}

absl::StatusOr<RunRecord> Reviews::TryReview(const Requester& who,
                                             const v1::ReviewRunRequest& request,
                                             const contract::AdminAction& action, Act* act) {
  absl::StatusOr<RunRecord> run = FindRun(desk_, who, request.run_id());
  if (!run.ok()) return run;
  act->subject = run->id;
  act->environment = run->environment;
  act->target = run->target;
  const absl::StatusOr<contract::VerifiedStatement> verified = CheckAdminStatement(
      *desk_.policy.Get(), request.admin_statement(), action, who, desk_.clock.Now());
  if (!verified.ok()) return verified.status();

  base::MutexLock deciding(desk_.deciding);
  run = desk_.runs.GetRun(run->id);
  if (!run.ok()) return run;
  std::string why_not;
  if (run->break_glass.empty()) {
    why_not = absl::StrCat("run ", contract::ShortId(run->id), " did not break the glass");
  } else if (IsActive(run->state)) {
    why_not = absl::StrCat("run ", contract::ShortId(run->id), " still goes on");
  } else if (!run->reviewer.empty()) {
    why_not =
        absl::StrCat(run->reviewer, " has reviewed run ", contract::ShortId(run->id), " already");
  }
  if (!why_not.empty()) {
    return contract::Error(v1::REASON_WRONG_STATE, why_not, "there is nothing to review now");
  }
  if (run->runner == verified->person) {
    return contract::Error(v1::REASON_SELF_APPROVAL,
                           absl::StrCat(verified->person, " ran it and cannot review it"),
                           "ask another admin");
  }
  run->reviewer = verified->person;
  absl::Status status = desk_.committer
                            .Commit(Change().Add(NonceOf(verified->statement)).Add(UpdateRun{*run}),
                                    AuditTrail(EntryBy(who, *act, desk_.clock.Now())))
                            .status();
  if (!status.ok()) return status;
  return desk_.runs.GetRun(run->id);
}

}  // namespace resetctl::controller

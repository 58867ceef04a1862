#include "controller/service/administration.h"

#include "absl/strings/str_cat.h"
#include "controller/service/statement_checks.h"
#include "controller/service/wire_time.h"
#include "proto/base/log.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/policy_file.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr char kPolicyFile[] = "policy.yaml";

absl::Status CheckEnvironment(const Policy& policy, const std::string& name) {
  if (policy.FindEnvironment(name) != nullptr) return absl::OkStatus();
  return contract::Error(v1::REASON_NOT_FOUND, absl::StrCat("there is no environment '", name, "'"),
                         "see which there are: resetctl env list");
}

}  // namespace

absl::StatusOr<v1::ApplyPolicyResponse> Administration::ApplyPolicy(
    const Requester& who, const v1::ApplyPolicyRequest& request) {
  const contract::AdminAction action = contract::ApplyPolicyAction(request.yaml());
  const Act act{.action = "policy.apply",
                .statement = &request.admin_statement(),
                .arguments = action.arguments};
  absl::StatusOr<v1::ApplyPolicyResponse> response = TryApplyPolicy(who, request, action, act);
  if (!response.ok()) {
    return Refuse(desk_.committer, EntryBy(who, act, desk_.clock.Now()), response.status());
  }
  return response;
}

absl::StatusOr<v1::ApplyPolicyResponse> Administration::TryApplyPolicy(
    const Requester& who, const v1::ApplyPolicyRequest& request,
    const contract::AdminAction& action, const Act& act) {
  const absl::Time now = desk_.clock.Now();
  const absl::StatusOr<contract::VerifiedStatement> verified =
      CheckAdminStatement(*policy_.Get(), request.admin_statement(), action, who, now);
  if (!verified.ok()) return verified.status();
  v1::ApplyPolicyResponse response;
  contract::PolicyReading reading = contract::ReadPolicy(request.yaml(), kPolicyFile);
  for (v1::Problem& problem : reading.problems) *response.add_problems() = std::move(problem);
  if (response.problems_size() > 0) return response;
  if (!MayAdmin(reading.policy, SignerOf(*verified)).allowed()) {
    *response.add_problems() = contract::MakeProblem(
        v1::REASON_POLICY_INVALID,
        absl::StrCat("this policy makes ", verified->person, ", who signs it, no admin any more"),
        "have it applied by somebody who stays an admin");
    return response;
  }
  response.set_digest(reading.policy.digest);

  base::MutexLock applying(applying_);
  Act applied = act;
  applied.subject = reading.policy.digest;
  v1::AuditEntry entry = EntryBy(who, applied, now);
  (*entry.mutable_evidence())["before"] = policy_.Get()->digest;
  absl::Status status = keep_(reading.policy.yaml);
  if (!status.ok()) return status;
  status = desk_.committer
               .Commit(Change().Add(NonceOf(verified->statement)), AuditTrail(std::move(entry)))
               .status();
  if (!status.ok()) {
    // What is not in the log is not in force, neither now nor after the next start.
    const absl::Status back = keep_(policy_.Get()->yaml);
    if (!back.ok()) {
      base::Log(base::LogLevel::kError, "the policy file holds a policy that was not applied",
                {{"error", back.message()}});
    }
    return status;
  }
  policy_.Set(std::move(reading.policy));
  return response;
}

absl::Status Administration::Freeze(const Requester& who,
                                    const v1::FreezeEnvironmentRequest& request) {
  const absl::Time until = request.has_until() ? TimeOf(request.until()) : absl::InfiniteFuture();
  const contract::AdminAction action =
      contract::FreezeAction(request.environment(), until, request.reason());
  const Act act{.action = "environment.freeze",
                .subject = request.environment(),
                .environment = request.environment(),
                .detail = request.reason(),
                .statement = &request.admin_statement(),
                .arguments = action.arguments};
  return ChangeEnvironment(
      who, act, action,
      [&](const contract::VerifiedStatement& verified, absl::Time now) -> absl::StatusOr<Change> {
        if (until <= now) {
          return contract::Error(v1::REASON_INVALID_ARGUMENT,
                                 "the freeze would end before it begins",
                                 "give a time to come: --until 2026-12-01T08:00:00Z");
        }
        return Change().Add(
            SetFreeze{{request.environment(), verified.person, request.reason(), now, until}});
      });
}

absl::Status Administration::Unfreeze(const Requester& who,
                                      const v1::UnfreezeEnvironmentRequest& request) {
  const contract::AdminAction action = contract::UnfreezeAction(request.environment());
  const Act act{.action = "environment.unfreeze",
                .subject = request.environment(),
                .environment = request.environment(),
                .statement = &request.admin_statement(),
                .arguments = action.arguments};
  return ChangeEnvironment(
      who, act, action,
      [&](const contract::VerifiedStatement&, absl::Time now) -> absl::StatusOr<Change> {
        const absl::StatusOr<std::optional<FreezeRecord>> freeze =
            desk_.freezes.FindFreeze(request.environment());
        if (!freeze.ok()) return freeze.status();
        if (!freeze->has_value() || (*freeze)->until <= now) {
          return contract::Error(v1::REASON_WRONG_STATE,
                                 absl::StrCat(request.environment(), " is not frozen"),
                                 "there is nothing to lift");
        }
        return Change().Add(LiftFreeze{request.environment()});
      });
}

absl::Status Administration::ChangeEnvironment(const Requester& who, const Act& act,
                                               const contract::AdminAction& action,
                                               const Decide& decide) {
  absl::Status status = TryChangeEnvironment(who, act, action, decide);
  if (status.ok()) return status;
  return Refuse(desk_.committer, EntryBy(who, act, desk_.clock.Now()), status);
}

absl::Status Administration::TryChangeEnvironment(const Requester& who, const Act& act,
                                                  const contract::AdminAction& action,
                                                  const Decide& decide) {
  const absl::Time now = desk_.clock.Now();
  const std::shared_ptr<const Policy> policy = policy_.Get();
  const absl::StatusOr<contract::VerifiedStatement> verified =
      CheckAdminStatement(*policy, *act.statement, action, who, now);
  if (!verified.ok()) return verified.status();
  absl::Status status = CheckEnvironment(*policy, act.environment);
  if (!status.ok()) return status;
  // With every decision about a start: what is ordered afterwards sees it.
  base::MutexLock deciding(desk_.deciding);
  absl::StatusOr<Change> change = decide(*verified, now);
  if (!change.ok()) return change.status();
  change->Add(NonceOf(verified->statement));
  return desk_.committer.Commit(*change, AuditTrail(EntryBy(who, act, now))).status();
}

}  // namespace resetctl::controller

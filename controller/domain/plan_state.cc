#include "controller/domain/plan_state.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {

absl::string_view NameOf(v1::PlanState state) {
  const std::string& name = v1::PlanState_Name(state);
  constexpr absl::string_view kPrefix = "PLAN_STATE_";
  return name.empty() ? absl::string_view("?") : absl::string_view(name).substr(kPrefix.size());
}

absl::Status CheckMove(v1::PlanState from, v1::PlanState to) {
  if (CanMove(from, to)) return absl::OkStatus();
  return contract::Error(
      v1::REASON_WRONG_STATE,
      absl::StrCat("A plan that is ", NameOf(from), " cannot become ", NameOf(to), "."),
      IsTerminal(from) ? "Make a new plan." : "Look at the plan again: its state has changed.");
}

std::optional<v1::PlanState> PlanAfterRun(v1::RunState run, v1::Reason why) {
  switch (run) {
    case v1::RUN_STATE_COMMITTED:
    case v1::RUN_STATE_SUCCEEDED:
    case v1::RUN_STATE_NEEDS_ATTENTION:
      return v1::PLAN_STATE_CONSUMED;
    case v1::RUN_STATE_REFUSED:
    case v1::RUN_STATE_ROLLED_BACK:
    case v1::RUN_STATE_CANCELLED:
      return IsStaleReason(why) ? v1::PLAN_STATE_STALE : v1::PLAN_STATE_APPROVED;
    default:
      return std::nullopt;
  }
}

bool IsStaleReason(v1::Reason reason) {
  return contract::RowOf(reason).exit == contract::ExitCode::kStale;
}

}  // namespace resetctl::controller

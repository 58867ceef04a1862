#include "client/output/exit_codes.h"

namespace resetctl::client {
namespace {

using contract::ExitCode;

constexpr EndState kEndStates[] = {
    {v1::RUN_STATE_HELD, ExitCode::kUnknown, "HELD", "not started yet", false},
    {v1::RUN_STATE_OFFERED, ExitCode::kUnknown, "OFFERED", "waiting for the agent", false},
    {v1::RUN_STATE_RUNNING, ExitCode::kUnknown, "RUNNING", "still running", false},
    {v1::RUN_STATE_COMMITTED, ExitCode::kUnknown, "COMMITTED",
     "the reset is committed, later steps are under way", false},
    {v1::RUN_STATE_SUCCEEDED, ExitCode::kDone, "SUCCEEDED", "", true},
    {v1::RUN_STATE_REFUSED, ExitCode::kFailedUnchanged, "REFUSED", "nothing was changed", true},
    {v1::RUN_STATE_ROLLED_BACK, ExitCode::kFailedUnchanged, "ROLLED BACK", "nothing was changed",
     true},
    {v1::RUN_STATE_CANCELLED, ExitCode::kCancelled, "CANCELLED", "nothing was changed", true},
    {v1::RUN_STATE_NEEDS_ATTENTION, ExitCode::kNeedsAttention, "NEEDS ATTENTION",
     "the reset is committed, a later step failed", true},
    {v1::RUN_STATE_UNKNOWN, ExitCode::kUnknown, "UNKNOWN",
     "whether it committed is not known yet; the target is asked as soon as it can be", false},
};

constexpr EndState kNoState = {v1::RUN_STATE_UNSPECIFIED, ExitCode::kInternal, "NO STATE",
                               "the controller did not say", true};

}  // namespace

const EndState& EndStateOf(v1::RunState state) {
  for (const EndState& row : kEndStates) {
    if (row.state == state) return row;
  }
  return kNoState;
}

ExitCode ExitOf(const v1::Run& run) {
  const ExitCode exit = EndStateOf(run.state()).exit;
  const bool unchanged =
      run.state() == v1::RUN_STATE_REFUSED || run.state() == v1::RUN_STATE_ROLLED_BACK;
  if (!unchanged || !run.has_problem()) return exit;
  const ExitCode narrowed = contract::RowOf(run.problem().reason()).exit;
  if (narrowed == ExitCode::kStale) return narrowed;
  if (narrowed == ExitCode::kNotAllowed && run.state() == v1::RUN_STATE_REFUSED) return narrowed;
  return exit;
}

ExitCode ExitOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kDone;
  return contract::RowOf(contract::ReasonOf(status)).exit;
}

ExitCode ExitOf(const std::vector<v1::Problem>& problems) {
  ExitCode common = ExitCode::kFailedUnchanged;
  bool first = true;
  for (const v1::Problem& problem : problems) {
    const ExitCode exit = contract::RowOf(problem.reason()).exit;
    if (!first && exit != common) return ExitCode::kFailedUnchanged;
    common = exit;
    first = false;
  }
  return common;
}

}  // namespace resetctl::client

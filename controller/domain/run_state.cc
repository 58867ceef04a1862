#include "controller/domain/run_state.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {

absl::string_view NameOf(v1::RunState state) {
  const std::string& name = v1::RunState_Name(state);
  constexpr absl::string_view kPrefix = "RUN_STATE_";
  return name.empty() ? absl::string_view("?") : absl::string_view(name).substr(kPrefix.size());
}

absl::Status CheckMove(v1::RunState from, v1::RunState to) {
  if (CanMove(from, to)) return absl::OkStatus();
  return contract::Error(
      v1::REASON_WRONG_STATE,
      absl::StrCat("A run that is ", NameOf(from), " cannot become ", NameOf(to), "."),
      IsTerminal(from) ? "It has ended: order a new run."
                       : "Look at the run again: its state has changed.");
}

}  // namespace resetctl::controller

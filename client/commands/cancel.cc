#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"
#include "client/output/exit_codes.h"
#include "proto/contract/digest.h"

namespace resetctl::client {

// Done (0) when the run is cancelled; accepted but not known yet (7) when the agent was asked to: the answer is what the
// target's ledger says, and `watch` tells it.
Outcome RunCancel(const std::string& run, App& app) {
  const absl::Status valid = CheckId(run, 'r');
  if (!valid.ok()) return valid;
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::CancelRunRequest request;
  request.set_run_id(run);
  request.set_request_id(NewRequestId());
  const auto response = (*controller)->CancelRun(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  const std::string id = contract::ShortId(response->run().id());
  const EndState& state = EndStateOf(response->run().state());
  if (response->run().state() == v1::RUN_STATE_CANCELLED) {
    app.printer.Page(absl::StrCat("Cancelled ", id, ": nothing was changed.\n"));
    return contract::ExitCode::kDone;
  }
  if (state.ended) {
    app.printer.Page(absl::StrCat(id, " has ended before: ", state.title, ".\n"));
    return ExitOf(response->run());
  }
  app.printer.Page(absl::StrCat("Asked the agent to cancel ", id,
                                "; whether it could says:  resetctl watch ", id, "\n"));
  return contract::ExitCode::kUnknown;
}

}  // namespace resetctl::client

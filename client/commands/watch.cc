#include "client/app/controller.h"
#include "client/commands/follow_run.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"

namespace resetctl::client {

Outcome RunWatchVerb(const std::string& run, App& app) {
  const absl::Status valid = CheckId(run, 'r');
  if (!valid.ok()) return valid;
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const InterruptScope interrupts;
  v1::GetRunRequest request;
  request.set_run_id(run);
  const auto response = (*controller)->GetRun(request);
  if (!response.ok()) return response.status();
  return FollowRun(response->run(), {.lines_are_result = true}, interrupts, **controller, app);
}

}  // namespace resetctl::client

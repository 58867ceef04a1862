#include "client/app/controller.h"
#include "client/commands/start_run.h"
#include "client/commands/verbs.h"
#include "client/output/plan_page.h"

namespace resetctl::client {

Outcome RunRun(const RunOptions& options, App& app) {
  if (options.break_glass == options.reason.empty()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           options.break_glass ? "breaking the glass needs a reason"
                                               : "a run takes a reason with --break-glass only",
                           "resetctl run PLAN --break-glass --reason \"why\"");
  }
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto fetched = FetchPlan(**controller, options.plan);
  if (!fetched.ok()) return fetched.status();
  if (app.terminal.CanAsk()) {
    app.printer.Progress(
        RenderPlanSummary(app.printer.ErrLook(), fetched->plan, fetched->checked.document));
  }
  return StartRun(
      *fetched,
      {.confirm = options.confirm, .break_glass = options.reason, .detach = options.detach},
      **controller, app);
}

}  // namespace resetctl::client

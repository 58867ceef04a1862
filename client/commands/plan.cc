#include "absl/strings/str_cat.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"
#include "client/output/plan_page.h"

namespace resetctl::client {

Outcome RunPlan(const PlanOptions& options, App& app) {
  auto answer = MakePlan(options, app);
  if (!answer.ok()) return answer.status();
  if (!answer->made.has_value()) return answer->exit;
  MadePlan& made = *answer->made;
  app.printer.Page(
      RenderPlanPage(app.printer.OutLook(), made.response.plan(), made.checked.document));
  *made.response.mutable_plan() = WithDecoded(made.response.plan(), made.checked.document);
  app.printer.Json(made.response);
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/decide.h"
#include "client/commands/start_run.h"
#include "client/commands/verbs.h"
#include "client/output/plan_page.h"
#include "proto/contract/digest.h"
#include "proto/contract/environment_rules.h"

namespace resetctl::client {
namespace {

// One person can do it alone: no approval required, or one that may be one's own.
absl::Status CheckAlone(const contract::ApprovalRule& rule, const std::string& environment) {
  if (rule.required == 0 || (rule.required == 1 && rule.self)) return absl::OkStatus();
  return contract::Error(
      v1::REASON_APPROVALS_MISSING,
      absl::StrCat("reset does it all alone, and ", environment, " needs ",
                   Counted(rule.required, "approval", "approvals"),
                   rule.self ? "" : " from others than the plan's author"),
      absl::StrCat("make a plan for them:  resetctl plan BLUEPRINT --env ", environment));
}

}  // namespace

Outcome RunReset(const ResetOptions& options, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  // Before anything is planned: a plan that cannot go on would only lie about.
  v1::GetEnvironmentRequest request;
  request.set_name(options.plan.environment);
  const auto environment = (*controller)->GetEnvironment(request);
  if (!environment.ok()) return environment.status();
  const auto rules = contract::ParseCanonicalJson(environment->environment().rules());
  if (!rules.ok()) return rules.status();
  absl::Status alone = CheckAlone(rules->approvals, options.plan.environment);
  if (!alone.ok()) return alone;
  if (!options.yes && !app.terminal.CanAsk()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           "reset asks before it acts, and there is no terminal", "add --yes");
  }

  auto answer = MakePlan(options.plan, app);
  if (!answer.ok()) return answer.status();
  if (!answer->made.has_value()) return answer->exit;
  MadePlan& made = *answer->made;
  FetchedPlan fetched = {.plan = made.response.plan(), .checked = std::move(made.checked)};
  app.printer.Page(RenderPlanPage(app.printer.OutLook(), fetched.plan, fetched.checked.document));
  *made.response.mutable_plan() = WithDecoded(fetched.plan, fetched.checked.document);
  app.printer.Json(made.response);

  // The rules inside the plan are the ones that count.
  alone = CheckAlone(fetched.checked.rules.approvals, options.plan.environment);
  if (!alone.ok()) return alone;
  if (!options.yes && fetched.checked.Phrase().empty()) {
    const auto sure = app.Confirm("\nReset it now?", "reset");
    if (!sure.ok()) return sure.status();
    if (!*sure) {
      return contract::Error(
          v1::REASON_CANCELLED, "nothing was started",
          absl::StrCat("the plan stays:  resetctl run ", contract::ShortId(fetched.checked.id)));
    }
  }
  if (fetched.checked.rules.approvals.required > 0) {
    auto decided = Decide(**controller, fetched, "approve", options.plan.reason, app.clock.Now());
    if (!decided.ok()) return decided.status();
    fetched.plan = decided->plan();
  }
  return StartRun(fetched,
                  {.confirm = options.confirm, .break_glass = "", .detach = options.detach},
                  **controller, app);
}

}  // namespace resetctl::client

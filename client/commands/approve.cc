#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/decide.h"
#include "client/commands/verbs.h"
#include "client/output/plan_page.h"
#include "client/output/sanitize.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

std::string ApprovedText(const v1::Plan& raw) {
  const v1::Plan plan = Cleaned(raw);
  std::string out =
      absl::StrCat("Approved: ", plan.approvals_counted(), " of ", plan.approvals_required(), ".");
  const int missing = plan.approvals_required() - plan.approvals_counted();
  if (missing > 0 && plan.may_approve_size() > 0) {
    absl::StrAppend(&out, " Still needed: ",
                    missing < plan.may_approve_size() ? absl::StrCat(missing, " of ") : "",
                    Listed({plan.may_approve().begin(), plan.may_approve().end()}), ".");
  }
  absl::StrAppend(&out, "\n");
  for (const auto& objection : plan.objections()) {
    if (objection.reason() == v1::REASON_APPROVALS_MISSING) continue;  // said already
    absl::StrAppend(&out, "  ", objection.message(), "\n");
  }
  const std::string next = NextForPlan(plan);
  if (!next.empty()) absl::StrAppend(&out, "Next:  ", next, "\n");
  return out;
}

// Policy and floor must both say yes: an approval that the agent will not count helps nobody.
std::string FloorWarning(const v1::PlanDocument& document, const std::string& person) {
  const auto& counted = document.floor_approvers();
  if (counted.empty() || std::find(counted.begin(), counted.end(), person) != counted.end()) {
    return "";
  }
  return absl::StrCat("Note: the agent's floor does not count approvals of ", person,
                      "; it counts those of ", Clean(Listed({counted.begin(), counted.end()})),
                      ".\n");
}

}  // namespace

Outcome RunApprove(const DecideOptions& options, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto fetched = FetchPlan(**controller, options.plan);
  if (!fetched.ok()) return fetched.status();
  app.printer.Progress(
      FloorWarning(fetched->checked.document, (*controller)->connection().person()));
  if (!options.yes) {
    app.printer.Ask(RenderAboutToSign(app.printer.ErrLook(), fetched->checked, "approve",
                                      options.message, (*controller)->connection()));
    const auto sure = app.Confirm("Sign?", "approve");
    if (!sure.ok()) return sure.status();
    if (!*sure) return contract::Error(v1::REASON_CANCELLED, "nothing was signed");
  }
  const auto response = Decide(**controller, *fetched, "approve", options.message, app.clock.Now());
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(ApprovedText(response->plan()));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"
#include "proto/contract/digest.h"

namespace resetctl::client {

Outcome RunWithdraw(const std::string& plan, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  // The whole id goes out: a prefix that became ambiguous meanwhile must not hit another plan.
  const auto fetched = FetchPlan(**controller, plan);
  if (!fetched.ok()) return fetched.status();
  v1::WithdrawPlanRequest request;
  request.set_plan_id(fetched->checked.id);
  request.set_request_id(NewRequestId());
  const auto response = (*controller)->WithdrawPlan(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(absl::StrCat("Withdrawn: ", contract::ShortId(fetched->checked.id), ".\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

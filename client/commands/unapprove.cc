#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/decide.h"
#include "client/commands/verbs.h"
#include "proto/contract/digest.h"

namespace resetctl::client {

Outcome RunUnapprove(const DecideOptions& options, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto fetched = FetchPlan(**controller, options.plan);
  if (!fetched.ok()) return fetched.status();
  const auto response =
      Decide(**controller, *fetched, "unapprove", options.message, app.clock.Now());
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(absl::StrCat("Taken back: your approval of ",
                                contract::ShortId(fetched->checked.id), ". It has ",
                                response->plan().approvals_counted(), " of ",
                                response->plan().approvals_required(), " now.\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/follow_run.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"
#include "client/output/sanitize.h"
#include "proto/contract/digest.h"

namespace resetctl::client {

Outcome RunResume(const ResumeOptions& options, App& app) {
  const absl::Status valid = CheckId(options.run, 'r');
  if (!valid.ok()) return valid;
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::GetRunRequest get;
  get.set_run_id(options.run);
  const auto run = (*controller)->GetRun(get);
  if (!run.ok()) return run.status();
  if (!absl::StartsWith(run->run().id(), options.run)) {
    return contract::Error(
        v1::REASON_DIGEST_MISMATCH,
        absl::StrCat("asked for ", options.run, ", the controller answered with ",
                     Clean(contract::ShortId(run->run().id()))),
        "sign nothing, and tell the controller's administrator");
  }
  // Environment and target are taken from the plan's own bytes.
  const auto fetched = FetchPlan(**controller, run->run().plan_id());
  if (!fetched.ok()) return fetched.status();
  Connection& connection = (*controller)->connection();
  const auto statement =
      ResumeStatement(run->run().id(), fetched->checked, connection.person(), app.clock.Now());
  if (!statement.ok()) return statement.status();
  auto signed_statement = connection.Sign(*statement);
  if (!signed_statement.ok()) return signed_statement.status();

  v1::ResumeRunRequest request;
  request.set_run_id(run->run().id());
  *request.mutable_resume_statement() = *std::move(signed_statement);
  request.set_request_id(NewRequestId());
  const InterruptScope interrupts;
  const auto response = (*controller)->ResumeRun(request);
  if (!response.ok()) return response.status();
  if (options.detach) {
    const std::string id = contract::ShortId(response->run().id());
    app.printer.Json(*response);
    app.printer.Page(absl::StrCat("Resumed ", id, ".\nWatch it:  resetctl watch ", id, "\n"));
    return contract::ExitCode::kDone;
  }
  return FollowRun(response->run(), {}, interrupts, **controller, app);
}

}  // namespace resetctl::client

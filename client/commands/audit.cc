#include "absl/strings/str_cat.h"
#include "client/app/log_memory.h"
#include "client/commands/admin.h"
#include "client/commands/audit_request.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"
#include "proto/contract/digest.h"

namespace resetctl::client {

Outcome RunAuditList(const AuditOptions& options, App& app) {
  const auto request = RequestOf(options, app);
  if (!request.ok()) return request.status();
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto log = CheckLog(**controller);
  if (!log.ok()) return log.status();
  const auto response = (*controller)->ListEntries(*request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderEntries(app.printer.OutLook(), *response));
  return contract::ExitCode::kDone;
}

Outcome RunAuditReview(const ReviewOptions& options, App& app) {
  absl::Status valid = CheckId(options.run, 'r');
  if (!valid.ok()) return valid;
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::GetRunRequest wanted;
  wanted.set_run_id(options.run);
  const auto found = (*controller)->GetRun(wanted);
  if (!found.ok()) return found.status();
  const std::string& id = found->run().id();
  auto statement = SignAdmin(contract::ReviewAction(id, options.note), **controller, app);
  if (!statement.ok()) return statement.status();
  v1::ReviewRunRequest request;
  request.set_run_id(id);
  request.set_note(options.note);
  *request.mutable_admin_statement() = *std::move(statement);
  const auto response = (*controller)->ReviewRun(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(absl::StrCat("Reviewed: ", contract::ShortId(id),
                                ", which broke the glass. The target takes another one now.\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

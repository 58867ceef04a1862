#include "absl/strings/str_cat.h"
#include "client/commands/admin.h"
#include "client/commands/make_plan.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"
#include "proto/contract/digest.h"

namespace resetctl::client {

Outcome RunAuditList(const AuditOptions& options, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::ListEntriesRequest request;
  request.set_person(options.person);
  request.set_environment(options.environment);
  request.set_subject(options.subject);
  request.set_action(options.action);
  // The steps of runs outnumber all else; a script gets what is in the log.
  request.set_without_events(!options.events && options.action.empty() && !app.printer.json());
  request.set_page_size(options.limit);
  request.set_page_token(options.page);
  const auto response = (*controller)->ListEntries(request);
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

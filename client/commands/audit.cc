#include "client/app/controller.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"

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

}  // namespace resetctl::client

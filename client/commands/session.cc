#include "absl/strings/str_cat.h"
#include "client/commands/admin.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"
#include "client/output/sanitize.h"

namespace resetctl::client {

Outcome RunSessionList(App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto response = (*controller)->ListSessions();
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderSessions(app.printer.OutLook(), *response));
  return contract::ExitCode::kDone;
}

// One's own goes without a signature: whoever holds a stolen token must not be the only one who can end it quickly.
Outcome RunSessionRevoke(const std::string& session, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto sessions = (*controller)->ListSessions();
  if (!sessions.ok()) return sessions.status();
  v1::RevokeSessionRequest request;
  request.set_session_id(session);
  for (const v1::Session& each : sessions->sessions()) {
    if (each.id() != session || each.person() == (*controller)->connection().person()) continue;
    auto statement = SignAdmin(contract::RevokeSessionAction(session), **controller, app);
    if (!statement.ok()) return statement.status();
    *request.mutable_admin_statement() = *std::move(statement);
  }
  const auto response = (*controller)->RevokeSession(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(absl::StrCat("Ended ", Clean(response->session().person()), "'s session ",
                                Clean(response->session().id()), ".\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

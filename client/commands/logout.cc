#include "client/app/controller.h"
#include "client/commands/verbs.h"

namespace resetctl::client {

Outcome RunLogout(App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  Connection& connection = (*controller)->connection();
  if (connection.has_session()) {
    const absl::Status status = (*controller)->Logout();
    connection.ForgetSession();
    // A session that the controller no longer knows is as good as ended.
    const v1::Reason reason = contract::ReasonOf(status);
    const bool gone = reason == v1::REASON_UNAUTHENTICATED || reason == v1::REASON_SESSION_EXPIRED;
    if (!status.ok() && !gone) return status;
  }
  app.printer.Json(v1::LogoutResponse());
  app.printer.Page("Logged out.\n");
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

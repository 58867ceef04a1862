#include "client/app/controller.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"

namespace resetctl::client {

Outcome RunEnvList(App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto response = (*controller)->ListEnvironments();
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderEnvironments(app.printer.OutLook(), *response));
  return contract::ExitCode::kDone;
}

Outcome RunEnvShow(const std::string& name, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::GetEnvironmentRequest request;
  request.set_name(name);
  const auto response = (*controller)->GetEnvironment(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderEnvironment(app.printer.OutLook(), response->environment()));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

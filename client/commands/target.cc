#include "client/app/controller.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"

namespace resetctl::client {

Outcome RunTargetList(const TargetOptions& options, App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  v1::ListTargetsRequest request;
  request.set_environment(options.environment);
  const auto response = (*controller)->ListTargets(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderTargets(app.printer.OutLook(), *response));
  return contract::ExitCode::kDone;
}

Outcome RunTargetShow(const TargetOptions& options, App& app) {
  v1::GetTargetRequest request;
  request.set_environment(options.environment);
  request.set_name(options.target);
  // 'production/rental-manager', as the agents' own name is written.
  const size_t slash = options.target.find('/');
  if (options.environment.empty() && slash != std::string::npos) {
    request.set_environment(options.target.substr(0, slash));
    request.set_name(options.target.substr(slash + 1));
  }
  if (request.environment().empty()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT, "target show needs the environment",
                           "resetctl target show ENVIRONMENT/TARGET, or add --env E");
  }
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto response = (*controller)->GetTarget(request);
  if (!response.ok()) return response.status();
  app.printer.Json(*response);
  app.printer.Page(RenderTarget(app.printer.OutLook(), response->target()));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

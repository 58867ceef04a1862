#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/app/log_memory.h"
#include "client/commands/verbs.h"
#include "client/output/times.h"

namespace resetctl::client {
namespace {

// Given settings become a context before anything is asked of the controller, so that a second `login` needs none.
absl::Status SaveContext(const LoginOptions& options, App& app) {
  const Context& given = options.context;
  if (given.controller.empty() && given.ca_pin.empty() && given.person.empty() &&
      given.key.empty()) {
    return absl::OkStatus();
  }
  auto config = ReadConfig(app.config_path());
  if (!config.ok()) return config.status();
  Context context = given;
  context.name = app.asked_context();
  if (context.name.empty()) context.name = config->current;
  if (context.name.empty()) context.name = "default";
  config->Set(context);
  // Refuses what is malformed or missing before it is written.
  const auto settings = ResolveSettings(*config, context.name, app.variables);
  if (!settings.ok()) return settings.status();
  config->current = context.name;
  return WriteConfig(app.config_path(), *config);
}

}  // namespace

Outcome RunLogin(const LoginOptions& options, App& app) {
  const absl::Status saved = SaveContext(options, app);
  if (!saved.ok()) return saved;
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  auto response = (*controller)->connection().Login();
  if (!response.ok()) return response.status();
  response->clear_token();  // lives in the state folder only
  const auto log = CheckLog(**controller);
  if (!log.ok()) return log.status();
  app.printer.Json(*response);
  app.printer.Page(
      absl::StrCat("Logged in as ", (*controller)->connection().person(), " at ",
                   (*controller)->connection().settings().context.controller, ", until ",
                   When(app.printer.OutLook(), TimeOf(response->expire_time())), ".\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

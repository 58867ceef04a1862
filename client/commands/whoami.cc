#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "client/commands/verbs.h"
#include "client/output/lists.h"

namespace resetctl::client {

Outcome RunWhoami(App& app) {
  auto controller = app.Connect();
  if (!controller.ok()) return controller.status();
  const auto identity = (*controller)->GetIdentity();
  if (!identity.ok()) return identity.status();
  app.printer.Json(*identity);
  const Look look = app.printer.OutLook();
  app.printer.Page(
      absl::StrCat(RenderIdentity(look, *identity),
                   Field(look, "Controller",
                         absl::StrCat((*controller)->connection().settings().context.controller,
                                      identity->controller_version().empty() ? "" : ", version ",
                                      identity->controller_version()))));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

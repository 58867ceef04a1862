#include "client/app/version.h"

#include "absl/strings/str_cat.h"
#include "client/commands/verbs.h"
#include "client/output/json.h"

namespace resetctl::client {

Outcome RunVersion(App& app) {
  app.printer.JsonLine(JsonObject({{"version", JsonText(kVersion)}}));
  app.printer.Page(absl::StrCat("resetctl ", kVersion, "\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

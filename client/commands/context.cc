#include "absl/strings/str_cat.h"
#include "client/commands/verbs.h"
#include "client/output/json.h"
#include "client/output/sanitize.h"
#include "client/output/table.h"

namespace resetctl::client {
namespace {

std::string ContextJson(const Context& context, bool current) {
  return JsonObject({{"name", JsonText(context.name)},
                     {"controller", JsonText(context.controller)},
                     {"caPin", JsonText(context.ca_pin)},
                     {"person", JsonText(context.person)},
                     {"key", JsonText(context.key)},
                     {"current", current ? "true" : "false"}});
}

}  // namespace

Outcome RunContextList(App& app) {
  const auto config = ReadConfig(app.config_path());
  if (!config.ok()) return config.status();
  std::vector<std::string> json;
  Table table;
  table.Column("").Column("CONTEXT").Column("CONTROLLER").Column("PERSON");
  table.Column("KEY", Table::Align::kLeft, true).Column("CA PIN", Table::Align::kLeft, true);
  for (const Context& context : config->contexts) {
    const bool current = context.name == config->current;
    json.push_back(ContextJson(context, current));
    table.Row({current ? "*" : " ", Clean(context.name), Clean(context.controller),
               Clean(context.person), Clean(context.key),
               absl::StrCat(context.ca_pin.substr(0, 19), "…")});
  }
  app.printer.JsonLine(JsonObject({{"contexts", JsonArray(json)}}));
  app.printer.Page(table.empty() ? "No contexts. Make one:  resetctl context set NAME --controller "
                                   "HOST:PORT --ca-pin PIN --person NAME --key FILE\n"
                                 : table.Render(app.printer.OutLook()));
  return contract::ExitCode::kDone;
}

Outcome RunContextUse(const std::string& name, App& app) {
  auto config = ReadConfig(app.config_path());
  if (!config.ok()) return config.status();
  const auto settings = ResolveSettings(*config, name, app.variables);
  if (!settings.ok()) return settings.status();
  config->current = name;
  const absl::Status written = WriteConfig(app.config_path(), *config);
  if (!written.ok()) return written;
  app.printer.JsonLine(ContextJson(*config->Find(name), true));
  app.printer.Page(absl::StrCat("Now using ", name, ": ", settings->context.person, " at ",
                                settings->context.controller, ".\n"));
  return contract::ExitCode::kDone;
}

Outcome RunContextSet(const Context& context, App& app) {
  auto config = ReadConfig(app.config_path());
  if (!config.ok()) return config.status();
  config->Set(context);
  if (config->current.empty()) config->current = context.name;
  // Only the file counts here, not what the environment would add.
  const auto complete = ResolveSettings(*config, context.name, [&](const char* name) {
    return std::string(name) == "HOME" ? app.variables("HOME") : "";
  });
  if (!complete.ok()) return complete.status();
  const absl::Status written = WriteConfig(app.config_path(), *config);
  if (!written.ok()) return written;
  const bool current = config->current == context.name;
  app.printer.JsonLine(ContextJson(*config->Find(context.name), current));
  app.printer.Page(absl::StrCat("Saved ", context.name, " in ", app.config_path(),
                                current ? "; it is the current context.\n" : ".\n"));
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

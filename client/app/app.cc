#include "client/app/app.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/app/controller.h"
#include "proto/base/text.h"

namespace resetctl::client {

App::App(Variables process_variables, std::string context, Printer& the_printer,
         Terminal& the_terminal, const base::Clock& the_clock)
    : variables(std::move(process_variables)),
      printer(the_printer),
      terminal(the_terminal),
      clock(the_clock),
      context_(std::move(context)) {}

App::~App() = default;

absl::StatusOr<Settings> App::LoadSettings() const {
  const auto config = ReadConfig(config_path());
  if (!config.ok()) return config.status();
  return ResolveSettings(*config, context_, variables);
}

absl::StatusOr<Controller*> App::Connect() {
  if (controller_ != nullptr) return controller_.get();
  const auto settings = LoadSettings();
  if (!settings.ok()) return settings.status();
  auto connection = Connection::Open(*settings, clock);
  if (!connection.ok()) return connection.status();
  connection_ = *std::move(connection);
  controller_ = std::make_unique<Controller>(*connection_);
  return controller_.get();
}

absl::StatusOr<bool> App::Confirm(absl::string_view question, absl::string_view verb) {
  if (!terminal.CanAsk()) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           absl::StrCat(verb, " asks before it acts, and there is no terminal"),
                           "add --yes");
  }
  printer.Ask(absl::StrCat(question, " [y/N] "));
  const std::optional<std::string> answer = terminal.ReadLine();
  if (!answer.has_value()) {
    printer.Ask("\n");
    return false;
  }
  const std::string lower = absl::AsciiStrToLower(base::Str(absl::StripAsciiWhitespace(*answer)));
  return lower == "y" || lower == "yes";
}

}  // namespace resetctl::client

#ifndef RESETCTL_CLIENT_APP_APP_H_
#define RESETCTL_CLIENT_APP_APP_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/app/config.h"
#include "client/app/terminal.h"
#include "client/output/printer.h"
#include "proto/base/clock.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {

class Connection;
class Controller;

// What a verb works with. One per call of the program.
class App {
 public:
  // All outlive it. `context`: --context, may be empty.
  App(Variables variables, std::string context, Printer& printer, Terminal& terminal,
      const base::Clock& clock);
  ~App();

  const Variables variables;
  Printer& printer;
  Terminal& terminal;
  const base::Clock& clock;

  std::string config_path() const { return ConfigPath(variables); }
  const std::string& asked_context() const { return context_; }
  absl::StatusOr<Settings> LoadSettings() const;

  // Connects at the first call.
  absl::StatusOr<Controller*> Connect();

  // "Sign? [y/N]": true for y or yes. Without a terminal: INVALID_ARGUMENT, saying that `verb` needs --yes.
  absl::StatusOr<bool> Confirm(absl::string_view question, absl::string_view verb);

 private:
  const std::string context_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Controller> controller_;
};

// How each verb ends: its exit code, or an error that is printed and decides the exit code.
using Outcome = absl::StatusOr<contract::ExitCode>;

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_APP_H_

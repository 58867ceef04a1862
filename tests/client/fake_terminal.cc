#include <map>

#include "client/commands/program.h"
#include "proto/base/clock.h"
#include "tests/client/fake_controller.h"

namespace resetctl::client {

std::optional<std::string> FakeTerminal::ReadLine() {
  if (lines.empty()) return std::nullopt;
  const std::string line = lines.front();
  lines.erase(lines.begin());
  return line;
}

Called Call(FakeController& controller, const std::vector<std::string>& arguments,
            const std::vector<std::string>& typed, bool on_terminal) {
  const std::map<std::string, std::string> variables = {
      {"HOME", controller.home()},
      {"TERM", "xterm"},
      {"RESETCTL_CONTROLLER", controller.address()},
      {"RESETCTL_CA_PIN", controller.ca_pin()},
      {"RESETCTL_PERSON", "carol"},
      {"RESETCTL_KEY", controller.key()}};
  StringSink out, err;
  FakeTerminal terminal;
  terminal.lines = typed;
  Process process = {.variables =
                         [&](const char* name) {
                           const auto found = variables.find(name);
                           return found == variables.end() ? "" : found->second;
                         },
                     .out = out,
                     .err = err,
                     .terminal = terminal,
                     .clock = base::RealClock(),
                     .out_is_terminal = on_terminal,
                     .err_is_terminal = on_terminal,
                     .terminal_rows = on_terminal ? 40 : 0,
                     .width = [] { return 80; },
                     .zone = absl::UTCTimeZone()};
  Called called;
  called.exit = RunProgram(arguments, process);
  called.out = out.text();
  called.err = err.text();
  return called;
}

}  // namespace resetctl::client

#ifndef RESETCTL_CLIENT_COMMANDS_PROGRAM_H_
#define RESETCTL_CLIENT_COMMANDS_PROGRAM_H_

#include <functional>
#include <string>
#include <vector>

#include "client/app/config.h"
#include "client/app/terminal.h"
#include "client/output/printer.h"
#include "proto/base/clock.h"

namespace resetctl::client {

// All that the program takes from the process it runs in. Tests make their own.
struct Process {
  Variables variables;
  Sink& out;
  Sink& err;
  Terminal& terminal;
  const base::Clock& clock;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  int terminal_rows = 0;
  std::function<int()> width;
  absl::TimeZone zone;
};

// The whole program: the exit code of DESIGN §12. `arguments` without the program's name.
int RunProgram(const std::vector<std::string>& arguments, Process& process);

// RunProgram on the real process.
int Main(int argc, char** argv);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_PROGRAM_H_

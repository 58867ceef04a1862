#include "client/commands/program.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <unistd.h>

#include <sys/ioctl.h>

#include "absl/strings/numbers.h"
#include "client/app/app.h"
#include "client/commands/command_line.h"
#include "client/output/exit_codes.h"

namespace resetctl::client {
namespace {

// A live view needs its lines, and room for the question before them.
constexpr int kLiveRows = 16;
constexpr int kNarrowest = 32;
constexpr int kWidest = 140;

Screen MakeScreen(const GlobalOptions& globals, const Process& process) {
  const std::string term = process.variables("TERM");
  const bool moves = !term.empty() && term != "dumb";
  const bool color = !globals.no_color && process.variables("NO_COLOR").empty() && moves;
  return {.json = globals.json,
          .out_is_terminal = process.out_is_terminal,
          .live = process.err_is_terminal && process.out_is_terminal && moves &&
                  process.terminal_rows >= kLiveRows,
          .color_out = color && process.out_is_terminal,
          .color_err = color && process.err_is_terminal,
          .width = process.width,
          .zone = process.zone};
}

// Of whichever of the standard streams is a terminal; COLUMNS overrules, 80 without any.
int TerminalWidth() {
  int columns = 0;
  const char* wish = getenv("COLUMNS");
  if (wish == nullptr || !absl::SimpleAtoi(wish, &columns) || columns <= 0) {
    columns = 80;
    for (const int descriptor : {STDERR_FILENO, STDOUT_FILENO}) {
      struct winsize size = {};
      if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        columns = size.ws_col;
        break;
      }
    }
  }
  return std::clamp(columns, kNarrowest, kWidest);
}

int TerminalRows() {
  struct winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

}  // namespace

int RunProgram(const std::vector<std::string>& arguments, Process& process) {
  const CommandLine line = ParseCommandLine(arguments);
  Printer printer(process.out, process.err, process.clock, MakeScreen(line.globals, process));
  if (line.help.has_value()) {
    process.out.Write(*line.help);
    return 0;
  }
  absl::Status status = line.status;
  if (status.ok()) {
    App app(process.variables, line.globals.context, printer, process.terminal, process.clock);
    const Outcome outcome = line.run(app);
    if (outcome.ok()) return static_cast<int>(*outcome);
    status = outcome.status();
  }
  printer.Error(status);
  return static_cast<int>(ExitOf(status));
}

int Main(int argc, char** argv) {
  // A reader that goes away (`| head`) ends nothing: see Sink.
  signal(SIGPIPE, SIG_IGN);
  // gRPC's own log lines are not ours; whoever wants them sets the variable.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  FileSink out(STDOUT_FILENO);
  FileSink err(STDERR_FILENO);
  RealTerminal terminal;
  Process process = {.variables =
                         [](const char* name) {
                           const char* value = getenv(name);
                           return std::string(value == nullptr ? "" : value);
                         },
                     .out = out,
                     .err = err,
                     .terminal = terminal,
                     .clock = base::RealClock(),
                     .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                     .err_is_terminal = isatty(STDERR_FILENO) == 1,
                     .terminal_rows = TerminalRows(),
                     .width = TerminalWidth,
                     .zone = absl::LocalTimeZone()};
  return RunProgram({argv + 1, argv + argc}, process);
}

}  // namespace resetctl::client

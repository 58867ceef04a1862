#ifndef RESETCTL_CLIENT_COMMANDS_COMMAND_LINE_H_
#define RESETCTL_CLIENT_COMMANDS_COMMAND_LINE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/app/app.h"

namespace resetctl::client {

struct GlobalOptions {
  bool json = false;
  bool no_color = false;
  std::string context;
};

// What the arguments say. Exactly one of `run`, `help` and a bad `status` is set.
struct CommandLine {
  GlobalOptions globals;
  std::function<Outcome(App&)> run;
  std::optional<std::string> help;
  absl::Status status;  // INVALID_ARGUMENT, with a suggestion for what was misspelt
};

// `arguments` without the program's name.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments);

// For the completion of shells: every verb ("plan", "context use") with its options ("--env").
struct VerbDescription {
  std::string verb;
  std::string description;
  std::vector<std::string> options;
};
std::vector<VerbDescription> DescribeVerbs();

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_COMMAND_LINE_H_

#ifndef RESETCTL_CONTROLLER_APP_CLI_H_
#define RESETCTL_CONTROLLER_APP_CLI_H_

namespace resetctl::controller {

// reset-controller init|serve|check|rotate-log-key|version. Returns the exit code.
int Main(int argc, char** argv);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_CLI_H_

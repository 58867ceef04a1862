#ifndef RESETCTL_AGENT_APP_CLI_H_
#define RESETCTL_AGENT_APP_CLI_H_

namespace resetctl::agent {

// The verbs of reset-agent. The exit code is DESIGN §12's.
int Main(int argc, char** argv);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_APP_CLI_H_

#ifndef RESETCTL_AGENT_APP_CHECK_H_
#define RESETCTL_AGENT_APP_CHECK_H_

#include <ostream>

#include "absl/status/status.h"
#include "agent/app/config.h"

namespace resetctl::agent {

// `reset-agent check`: identity, trust files, PostgreSQL with privileges, Redis, what ssh-keygen needs. Prints one line a fact;
// the first problem is the status, so that the exit code tells.
absl::Status CheckAgent(const AgentConfig& config, std::ostream& out);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_APP_CHECK_H_

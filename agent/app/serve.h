#ifndef RESETCTL_AGENT_APP_SERVE_H_
#define RESETCTL_AGENT_APP_SERVE_H_

#include "absl/status/status.h"
#include "agent/app/config.h"

namespace resetctl::agent {

// The composition root: the one place that knows the concrete classes. Runs until SIGTERM or SIGINT; then takes nothing new,
// lets a run end, and returns.
absl::Status Serve(const AgentConfig& config);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_APP_SERVE_H_

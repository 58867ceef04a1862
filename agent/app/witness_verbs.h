#ifndef RESETCTL_AGENT_APP_WITNESS_VERBS_H_
#define RESETCTL_AGENT_APP_WITNESS_VERBS_H_

#include <cstdint>
#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "agent/app/config.h"

namespace resetctl::agent {

// The witness's key, as a line for `resetctl audit verify --witnesses`, and after '#' what it remembers of the audit log.
absl::Status ShowWitness(const AgentConfig& config, std::ostream& out);

struct WitnessAcceptOptions {
  std::string origin;            // empty: its operator is asked
  std::optional<uint64_t> size;  // of the history to accept; nothing: its operator is asked
};
// Ends an alarm: the history that the controller showed last becomes what this witness remembers, once its operator has named
// origin and size of it. A serving agent takes it with its next heartbeat, another one when it starts. WRONG_STATE while nothing
// is wrong, or the controller has shown nothing that could be accepted.
absl::Status AcceptHistory(const AgentConfig& config, const WitnessAcceptOptions& options,
                           std::istream& in, std::ostream& out);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_APP_WITNESS_VERBS_H_

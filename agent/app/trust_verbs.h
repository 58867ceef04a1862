#ifndef RESETCTL_AGENT_APP_TRUST_VERBS_H_
#define RESETCTL_AGENT_APP_TRUST_VERBS_H_

#include <istream>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "agent/app/config.h"

namespace resetctl::agent {

struct TrustInitOptions {
  std::string
      from;  // a folder with floor.yaml and allowed_signers, or a floor file with the signers beside it
  std::string signers;  // allowed_signers, where they are elsewhere
};

// Writes the trust folder from files, or asks the operator, person by person. Never from anything that the controller says, and
// never over files that are there. Whatever is written was parsed first.
absl::Status InitTrust(const AgentConfig& config, const TrustInitOptions& options, std::istream& in,
                       std::ostream& out);
// The floor and who may sign, as the agent reads them.
absl::Status ShowTrust(const AgentConfig& config, std::ostream& out);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_APP_TRUST_VERBS_H_

#ifndef RESETCTL_AGENT_APP_ENROLL_H_
#define RESETCTL_AGENT_APP_ENROLL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/app/config.h"
#include "agent/link/identity_file.h"

namespace resetctl::agent {

struct EnrollOptions {
  std::string controller;  // empty: agent.yaml's
  std::string ca_pin;      // empty: agent.yaml's
  std::string token_file;  // '-': stdin. Never argv: every user of the machine can read that
};

struct EnrollResult {
  Identity identity;
  bool kept = false;  // the token was refused, and the identity that was there is still good
};

// Stores a new identity, or leaves the one that is there: a container that enrols at each start must not lose a valid one to a
// token that has been used.
absl::StatusOr<EnrollResult> EnrollAgent(const AgentConfig& config, const EnrollOptions& options);

// How long after its certificate's end an agent can still renew it (TRUST §4).
inline constexpr absl::Duration kRenewalGrace = absl::Hours(24 * 30);

// The identity, or a CONFIG_INVALID that says to enrol: there is none, or it has been over for longer than `grace`.
absl::StatusOr<Identity> LoadValidIdentity(const std::string& state_dir,
                                           absl::Duration grace = absl::ZeroDuration());

// Makes it where it is missing (0700); CONFIG_INVALID when group or others may enter a state directory that is there.
absl::Status CheckStateDir(const std::string& state_dir);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_APP_ENROLL_H_

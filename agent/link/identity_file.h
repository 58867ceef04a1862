#ifndef RESETCTL_AGENT_LINK_IDENTITY_FILE_H_
#define RESETCTL_AGENT_LINK_IDENTITY_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// Who this agent is for the controller: its key, its certificate and the CA that it was enrolled with. One file,
// `<state_dir>/identity.pem`, mode 0600, so that the three are only ever replaced together.
struct Identity {
  base::Secret key_pem;
  std::string certificate_pem;
  std::string ca_pem;
  // Of the certificate.
  std::string environment;
  std::string target;
  absl::Time not_before;
  absl::Time not_after;

  absl::Time HalfLife() const { return not_before + (not_after - not_before) / 2; }
};

// NOT_FOUND when there is none (never enrolled); CONFIG_INVALID when others may read it or it is damaged.
absl::StatusOr<Identity> LoadIdentity(const std::string& state_dir);
// Checks what it writes: a certificate of an agent. Replaces the file, or leaves it as it was.
absl::Status SaveIdentity(const std::string& state_dir, const Identity& identity);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_LINK_IDENTITY_FILE_H_

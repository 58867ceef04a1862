#ifndef RESETCTL_AGENT_SERVICE_TRUST_STORE_H_
#define RESETCTL_AGENT_SERVICE_TRUST_STORE_H_

#include <string>

#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/service/floor.h"
#include "proto/contract/allowed_signers.h"

namespace resetctl::agent {

// What the agent believes, whoever runs the controller.
struct Trust {
  Floor floor;
  contract::AllowedSigners signers;
};

// The trust folder: `floor.yaml`, `allowed_signers` and, where it exists, `revoked_keys`. Read anew for each decision, so that
// a revoked key or a stricter floor is in force at once. Safe to use from several threads.
class TrustStore {
 public:
  // `accept_same_owner` is agent.yaml's `trust.same_owner: accept`: the files may belong to the agent's own uid (containers
  // with one user, and root, who may write everything). Nothing makes files that group or others may write acceptable.
  TrustStore(std::string folder, bool accept_same_owner, uid_t uid)
      : folder_(std::move(folder)), accept_same_owner_(accept_same_owner), uid_(uid) {}

  // TRUST_FILES_INVALID or BACKUP_UNSUPPORTED; messages name the file.
  absl::StatusOr<Trust> Load() const;

  const std::string& folder() const { return folder_; }
  bool accept_same_owner() const { return accept_same_owner_; }

 private:
  const std::string folder_;
  const bool accept_same_owner_;
  const uid_t uid_;
};

// TRUST §3: whoever can write `path`, or replace it, writes the rules. Refuses owner `uid` (unless accepted), and write
// permission for group or others, on `path` and on each folder above it; a folder with the sticky bit (/tmp) may be
// writable by others, as they cannot replace what is not theirs. Symbolic links are followed.
absl::Status CheckNotWritable(const std::string& path, bool accept_same_owner, uid_t uid);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_TRUST_STORE_H_

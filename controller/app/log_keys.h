#ifndef RESETCTL_CONTROLLER_APP_LOG_KEYS_H_
#define RESETCTL_CONTROLLER_APP_LOG_KEYS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/app/config.h"
#include "controller/store/sqlite/audit_log.h"

namespace resetctl::controller {

// The keys of the audit log. Usually one; two while a change is going on, so that whoever knows only the old one still
// finds its signature: the old one is a file beside it, until somebody removes that.
struct LogKeys {
  std::string verifier;           // the key's public half: a C2SP vkey
  std::vector<std::string> pems;  // the key, then the old one
};

// '<audit.key>.old'
std::string OldLogKeyFile(const Config& config);
// CONFIG_INVALID: a file is missing, can be read by others, or holds no Ed25519 key.
absl::StatusOr<LogKeys> ReadLogKeys(const Config& config);

// Signs with each of them; the first one's signature stands first.
CheckpointSigner SignerOf(const std::string& origin, const std::vector<std::string>& pems);

struct ChangedLogKey {
  std::string old_verifier;
  std::string new_verifier;
  std::string old_key_file;
  std::string public_file;  // `log.pub`, which has the new one now
};
// Makes a new key for the log of a controller that is stopped. An entry `log.key` names both; from then on each checkpoint is
// signed by both, until the old key's file is removed. After a crash in the middle the same call goes on.
// CONFIG_INVALID: the controller is running; the change before this one is not over.
absl::StatusOr<ChangedLogKey> ChangeLogKey(const std::string& config_path, absl::Time now);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_LOG_KEYS_H_

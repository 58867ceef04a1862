#ifndef RESETCTL_CLIENT_COMMANDS_LOG_KEYS_H_
#define RESETCTL_CLIENT_COMMANDS_LOG_KEYS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/allowed_signers.h"
#include "proto/contract/signed_note.h"

namespace resetctl::client {

// What --log-key gives: each a vkey, or a file of them, one a line (the controller's log.pub).
absl::StatusOr<std::vector<std::string>> ReadLogKeys(const std::vector<std::string>& given);

// A file of vkeys of one type, one a line; blank lines and those that begin with '#' are passed over.
absl::StatusOr<std::vector<std::string>> ReadKeyFile(const std::string& path,
                                                     contract::NoteKeyType type);

// What --allowed-signers gives: a file in the format of the agents'.
absl::StatusOr<contract::AllowedSigners> ReadAllowedSigners(const std::string& path);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_LOG_KEYS_H_

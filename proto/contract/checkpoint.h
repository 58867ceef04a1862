#ifndef RESETCTL_PROTO_CONTRACT_CHECKPOINT_H_
#define RESETCTL_PROTO_CONTRACT_CHECKPOINT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::contract {

// A signed size and root of the audit log: C2SP tlog-checkpoint in a C2SP signed-note, Ed25519.
struct Checkpoint {
  std::string origin;  // 'resetctl.controller/<name>'
  uint64_t size = 0;
  std::string root;  // 32 bytes
};

// The log's key: PEM (PKCS#8) private, and the C2SP "vkey" public form "<name>+<hash>+<base64>".
struct LogKeyPair {
  std::string private_pem;
  std::string verifier;
};
absl::StatusOr<LogKeyPair> MakeLogKey(absl::string_view name);

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, absl::string_view key_name,
                                           absl::string_view private_pem);
// Verifies the signature of `verifier` on the note and parses it.
absl::StatusOr<Checkpoint> OpenCheckpoint(absl::string_view note, absl::string_view verifier);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_CHECKPOINT_H_

#ifndef RESETCTL_PROTO_CONTRACT_CHECKPOINT_H_
#define RESETCTL_PROTO_CONTRACT_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/signed_note.h"

namespace resetctl::contract {

// A signed size and root of the audit log: C2SP tlog-checkpoint in a C2SP signed-note, Ed25519.
struct Checkpoint {
  std::string origin;  // 'resetctl.controller/<name>'
  uint64_t size = 0;
  std::string root;  // 32 bytes
};

// The log's key.
using LogKeyPair = NoteKeyPair;
absl::StatusOr<LogKeyPair> MakeLogKey(absl::string_view name);

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, absl::string_view key_name,
                                           absl::string_view private_pem);
// Verifies the signature of `verifier` on the note and parses it.
absl::StatusOr<Checkpoint> OpenCheckpoint(absl::string_view note, absl::string_view verifier);
// The same for a log whose key was changed: one of its keys must have signed, and a signature by any of them must hold.
absl::StatusOr<Checkpoint> OpenCheckpoint(absl::string_view note,
                                          const std::vector<std::string>& verifiers);
// The text of a note, without its signatures. Proves nothing.
absl::StatusOr<Checkpoint> ParseCheckpointBody(absl::string_view body);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_CHECKPOINT_H_

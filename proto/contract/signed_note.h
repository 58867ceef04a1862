#ifndef RESETCTL_PROTO_CONTRACT_SIGNED_NOTE_H_
#define RESETCTL_PROTO_CONTRACT_SIGNED_NOTE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::contract {

// C2SP signed-note: a text, an empty line, and signature lines "— <key name> <base64>". What checkpoints (checkpoint.h)
// and cosignatures (cosignature.h) have in common.

// The signature types of signed-note that we use; both are Ed25519.
enum class NoteKeyType : uint8_t {
  kLog = 0x01,          // over the text
  kCosignature = 0x04,  // over time and text: C2SP tlog-cosignature, cosignature/v1
};

// The private half as PEM (PKCS#8), the public one as C2SP "vkey": "<name>+<key id, hex>+<base64 of type and key>".
struct NoteKeyPair {
  std::string private_pem;
  std::string verifier;
};
// INVALID_ARGUMENT for a name with blanks or '+'.
absl::StatusOr<NoteKeyPair> MakeNoteKey(absl::string_view name, NoteKeyType type);

// The vkey of a private key. INTERNAL when the PEM is no Ed25519 key.
absl::StatusOr<std::string> VerifierOfKey(absl::string_view name, NoteKeyType type,
                                          absl::string_view private_pem);

// A vkey, parsed.
struct NoteVerifier {
  std::string name;
  std::string id;          // 4 bytes: SHA-256(name || 0x0A || type || public key)
  std::string public_key;  // 32 bytes
};
// INVALID_ARGUMENT for anything but a vkey of this type whose id is its key's.
absl::StatusOr<NoteVerifier> ParseNoteVerifier(absl::string_view vkey, NoteKeyType type);

// Whether the Ed25519 signature of `message` (RFC 8032) holds.
bool SignatureHolds(const NoteVerifier& verifier, absl::string_view message,
                    absl::string_view signature);

struct NoteSignature {
  std::string name;
  std::string id;     // 4 bytes
  std::string bytes;  // what follows the id

  bool By(const NoteVerifier& verifier) const { return name == verifier.name && id == verifier.id; }
};

struct SignedNote {
  std::string text;  // ends with a line end
  std::vector<NoteSignature> signatures;
};
// INVALID_ARGUMENT when malformed. Verifies nothing.
absl::StatusOr<SignedNote> ParseSignedNote(absl::string_view note);

// The Ed25519 signature of `message`, with the key's id as a note's line needs it. INTERNAL when the PEM is no Ed25519
// key.
struct MadeSignature {
  std::string id;
  std::string bytes;  // 64
};
absl::StatusOr<MadeSignature> MakeSignature(absl::string_view message, absl::string_view key_name,
                                            NoteKeyType type, absl::string_view private_pem);
// "— name base64\n"
std::string SignatureLine(const NoteSignature& signature);

// A key's name: not empty, without blanks and '+'.
bool IsNoteKeyName(absl::string_view name);

// INVALID_ARGUMENT: "The checkpoint is malformed: <what>."
absl::Status MalformedNote(absl::string_view what);
// BAD_SIGNATURE, with what to do.
absl::Status BadNoteSignature(absl::string_view what);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_SIGNED_NOTE_H_

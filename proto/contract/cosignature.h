#ifndef RESETCTL_PROTO_CONTRACT_COSIGNATURE_H_
#define RESETCTL_PROTO_CONTRACT_COSIGNATURE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/contract/signed_note.h"

namespace resetctl::contract {

// C2SP tlog-cosignature, cosignature/v1 with Ed25519: a witness says that at this time the checkpoint was the largest one
// of its log that it knew, and consistent with all that it had seen. It signs two lines of its own and the checkpoint's
// text, so that a cosignature never passes for a log's signature.

absl::StatusOr<NoteKeyPair> MakeWitnessKey(absl::string_view name);

// The signature line to append to `note`, a checkpoint in a signed note. The caller has verified the log's signature and
// the consistency: cosigning says that. `time` is kept in whole seconds.
absl::StatusOr<std::string> Cosign(absl::string_view note, absl::string_view witness_name,
                                   absl::string_view private_pem, absl::Time time);

// When `witness` (a vkey of type 0x04) cosigned the note. REASON_NOT_FOUND: it did not. REASON_BAD_SIGNATURE: a line of its
// name and key id does not hold, or is of a time after `now`, with two minutes' grace for its clock.
absl::StatusOr<absl::Time> VerifyCosignature(absl::string_view note, absl::string_view witness,
                                             absl::Time now);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_COSIGNATURE_H_

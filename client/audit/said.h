#ifndef RESETCTL_CLIENT_AUDIT_SAID_H_
#define RESETCTL_CLIENT_AUDIT_SAID_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/contract/allowed_signers.h"
#include "resetctl/v1/audit.pb.h"

namespace resetctl::client {

// Whether a person said what an entry says that they said.
enum class Said {
  kProved,   // their signature is good, and is about this
  kNothing,  // no statement belongs to it: an agent's or the system's entry, a cancel, an attempt that was refused
  kUnlisted,  // a login, and the file of signers lets its key sign no logins: an agent's file need not
};

// Whether a person's signed statement belongs to the entry: what CheckSaid has to look at.
bool IsSaid(const v1::AuditEntry& entry);

// Looks at one entry alone, at the time that it gives. Starts ssh-keygen for a statement: about 8 ms.
// LOG_TAMPERED: an action that takes a signed statement has none, or one about something else, of somebody else or of
// another time. UNKNOWN_KEY, BAD_SIGNATURE and STATEMENT_INVALID as contract::VerifyStatement. Messages name the entry.
absl::StatusOr<Said> CheckSaid(uint64_t index, const v1::AuditEntry& entry,
                               const contract::AllowedSigners& signers);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_AUDIT_SAID_H_

#ifndef RESETCTL_CONTROLLER_SERVICE_STATEMENT_CHECKS_H_
#define RESETCTL_CONTROLLER_SERVICE_STATEMENT_CHECKS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "controller/domain/policy.h"
#include "controller/service/change.h"
#include "controller/service/requester.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/ssh_signature.h"

namespace resetctl::controller {

// How far a statement's own time may be from the controller's clock: people take a moment at a hardware key, clocks differ.
inline constexpr absl::Duration kStatementAge = absl::Minutes(10);
inline constexpr absl::Duration kClockSkew = absl::Minutes(2);

// STATEMENT_EXPIRED unless the statement is fresh and its start-before is still to come.
absl::Status CheckFresh(const contract::Statement& statement, absl::Time now);

using Field = std::pair<absl::string_view, std::string>;
// STATEMENT_MISMATCH, naming the first field that is not what the controller is about to do.
absl::Status CheckFields(const contract::Statement& statement, const std::vector<Field>& expected);

// The signature is good, the signer is the session's person, the statement fresh and its fields as expected. Starts
// ssh-keygen: about 8 ms.
absl::StatusOr<contract::VerifiedStatement> CheckStatement(
    const Policy& policy, const v1::SignedStatement& signed_statement, contract::StatementType type,
    const Requester& who, const std::vector<Field>& expected, absl::Time now);

// The same for an admin's statement about exactly this action; the role is judged by the key that signed.
absl::StatusOr<contract::VerifiedStatement> CheckAdminStatement(
    const Policy& policy, const v1::SignedStatement& signed_statement,
    const contract::AdminAction& action, const Requester& who, absl::Time now);

// To be part of the change that the statement causes: it can cause only one.
UseNonce NonceOf(const contract::Statement& statement);

// The person as the one who signed: roles are judged by this key.
inline Caller SignerOf(const contract::VerifiedStatement& verified) {
  return {verified.person, verified.key.fingerprint};
}

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_STATEMENT_CHECKS_H_

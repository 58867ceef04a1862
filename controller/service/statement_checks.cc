#include "controller/service/statement_checks.h"

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {

absl::Status CheckFresh(const contract::Statement& statement, absl::Time now) {
  if (statement.time() < now - kStatementAge) {
    return contract::Error(v1::REASON_STATEMENT_EXPIRED,
                           absl::StrCat("the statement was signed at ",
                                        contract::FormatStatementTime(statement.time()), ", it is ",
                                        contract::FormatStatementTime(now), " now"),
                           "sign it again; if that does not help, set this machine's clock");
  }
  if (statement.time() > now + kClockSkew) {
    return contract::Error(
        v1::REASON_STATEMENT_EXPIRED,
        absl::StrCat("the statement's time ", contract::FormatStatementTime(statement.time()),
                     " is still to come, it is ", contract::FormatStatementTime(now)),
        "set this machine's clock, then sign again");
  }
  if (statement.start_before() <= now) {
    return contract::Error(v1::REASON_STATEMENT_EXPIRED, "the statement's start-before has passed",
                           "sign it again");
  }
  return absl::OkStatus();
}

absl::Status CheckFields(const contract::Statement& statement, const std::vector<Field>& expected) {
  for (const auto& [name, value] : expected) {
    if (statement.Get(name) == value) continue;
    return contract::Error(v1::REASON_STATEMENT_MISMATCH,
                           absl::StrCat("the statement's ", name, " is '", statement.Get(name),
                                        "', the request is about '", value, "'"),
                           "sign a statement for exactly this request");
  }
  return absl::OkStatus();
}

absl::StatusOr<contract::VerifiedStatement> CheckStatement(
    const Policy& policy, const v1::SignedStatement& signed_statement, contract::StatementType type,
    const Requester& who, const std::vector<Field>& expected, absl::Time now) {
  absl::StatusOr<contract::VerifiedStatement> verified =
      contract::VerifyStatement(signed_statement, type, policy.signers);
  if (!verified.ok()) return verified.status();
  if (verified->person != who.caller.person) {
    return contract::Error(v1::REASON_STATEMENT_MISMATCH,
                           absl::StrCat("the statement is signed by ", verified->person,
                                        ", the session is ", who.caller.person, "'s"),
                           "log in as the person who signs");
  }
  absl::Status status = CheckFields(verified->statement, expected);
  if (!status.ok()) return status;
  status = CheckFresh(verified->statement, now);
  if (!status.ok()) return status;
  return verified;
}

absl::StatusOr<contract::VerifiedStatement> CheckAdminStatement(
    const Policy& policy, const v1::SignedStatement& signed_statement,
    const contract::AdminAction& action, const Requester& who, absl::Time now) {
  // The session's own key first: whoever is no admin is told so, and no process is started for them.
  absl::Status allowed = MayAdmin(policy, who.caller).ToStatus();
  if (!allowed.ok()) return allowed;
  absl::StatusOr<contract::VerifiedStatement> verified =
      CheckStatement(policy, signed_statement, contract::StatementType::kAdmin, who,
                     {{"verb", action.verb}, {"arguments", action.ArgumentsDigest()}}, now);
  if (!verified.ok()) return verified;
  allowed = MayAdmin(policy, SignerOf(*verified)).ToStatus();
  if (!allowed.ok()) return allowed;
  return verified;
}

UseNonce NonceOf(const contract::Statement& statement) {
  // Past kStatementAge the statement is refused as too old, so the nonce need not be remembered much longer.
  return UseNonce{statement.nonce(), statement.time() + kStatementAge + absl::Hours(1)};
}

}  // namespace resetctl::controller

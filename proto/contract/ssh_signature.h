#ifndef RESETCTL_PROTO_CONTRACT_SSH_SIGNATURE_H_
#define RESETCTL_PROTO_CONTRACT_SSH_SIGNATURE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/contract/allowed_signers.h"
#include "proto/contract/statement.h"
#include "resetctl/v1/statement.pb.h"

namespace resetctl::contract {

// The parts of an armoured SSH signature (openssh PROTOCOL.sshsig), parsed so that a refusal can
// name them.
struct SshSignature {
  PublicKey key;
  std::string namespace_name;
  std::string hash_algorithm;  // sha256 or sha512
};
absl::StatusOr<SshSignature> ParseSshSignature(absl::string_view armoured);

// Who said what: the result of a verification.
struct VerifiedStatement {
  Statement statement;
  std::string person;
  PublicKey key;
};

// Parses the statement strictly, finds the signer among `signers`, checks namespace and person
// field, and lets `ssh-keygen -Y verify` do the cryptography (about 8 ms; at most four at a time).
// Reasons: STATEMENT_INVALID, UNKNOWN_KEY, UNKNOWN_PERSON, BAD_SIGNATURE, STATEMENT_MISMATCH (type,
// person).
absl::StatusOr<VerifiedStatement> VerifyStatement(const v1::SignedStatement& signed_statement,
                                                  StatementType expected,
                                                  const AllowedSigners& signers);

// Signs with a private key file, or with ssh-agent when `key_path` names a public key (".pub").
// Verifies the own signature before returning it. A passphrase is asked at the terminal by
// ssh-keygen itself; without one it fails with what to do (TRUST §3).
absl::StatusOr<v1::SignedStatement> SignStatement(const Statement& statement,
                                                  const std::string& key_path);

// The public half of `key_path` (reads KEY.pub, or asks ssh-keygen -y).
absl::StatusOr<PublicKey> PublicKeyOf(const std::string& key_path);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_SSH_SIGNATURE_H_

#ifndef RESETCTL_PROTO_CONTRACT_ALLOWED_SIGNERS_H_
#define RESETCTL_PROTO_CONTRACT_ALLOWED_SIGNERS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::contract {

// An SSH public key: type, raw blob, and the fingerprint that people know ("SHA256:...", as
// ssh-keygen -l prints it).
struct PublicKey {
  std::string type;  // ssh-ed25519, sk-ssh-ed25519@openssh.com, ecdsa-..., ssh-rsa
  std::string blob;  // decoded base64
  std::string fingerprint;
  std::string comment;

  std::string Line() const;  // 'ssh-ed25519 AAAA...'
};

// 'ssh-ed25519 AAAA... comment'. Refuses unknown types, blobs that do not carry their type, RSA
// below 2048 bits.
absl::StatusOr<PublicKey> ParsePublicKey(absl::string_view line);

// From the blob itself, as signatures carry it (RFC 4253 §6.6, RFC 8709, openssh PROTOCOL.u2f). The
// same refusals, and every encoding that is not the one canonical form of its key.
absl::StatusOr<PublicKey> PublicKeyFromBlob(absl::string_view blob);

// Who may sign what. TRUST §3: parsed by us, strictly; the file is refused as a whole, with the
// line.
class AllowedSigners {
 public:
  // The `allowed_signers` file format of ssh-keygen(1), of which only this is accepted:
  //   alice namespaces="resetctl-plan-v1,resetctl-approval-v1,..." ssh-ed25519 AAAA... comment
  // Refused: patterns and lists of principals, cert-authority, valid-after/before, missing
  // namespaces, one key under two persons, a malformed line. Blank lines and comments are fine.
  static absl::StatusOr<AllowedSigners> Parse(absl::string_view text);
  // From a policy: each person may sign every statement type.
  static absl::StatusOr<AllowedSigners> FromPeople(
      const std::map<std::string, std::vector<std::string>>& keys_by_person);

  // Fingerprints refused from now on. One public key a line, as `revoked_keys`.
  absl::Status Revoke(absl::string_view revoked_keys);

  // Null when nobody has this key, or it is revoked.
  const std::string* PersonOf(const PublicKey& key) const;
  bool IsRevoked(const PublicKey& key) const;
  bool MaySign(const PublicKey& key, absl::string_view namespace_name) const;
  bool KnowsPerson(absl::string_view person) const;
  std::vector<std::string> Persons() const;

 private:
  struct Entry {
    std::string person;
    std::vector<std::string> namespaces;
    PublicKey key;
  };
  absl::Status Add(Entry entry, absl::string_view where);
  const Entry* Find(const PublicKey& key) const;

  // By key material: one key is one key, whatever type a line gives it.
  std::map<std::string, Entry> by_material_;
  std::set<std::string> revoked_;
};

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_ALLOWED_SIGNERS_H_

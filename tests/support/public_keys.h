#ifndef RESETCTL_TESTS_SUPPORT_PUBLIC_KEYS_H_
#define RESETCTL_TESTS_SUPPORT_PUBLIC_KEYS_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"
#include "proto/contract/allowed_signers.h"
#include "proto/contract/digest.h"

namespace resetctl::support {

// A public key that parses; another for each `name`. Nobody has its private half.
inline std::string KeyLine(const std::string& name) {
  const std::string type = "ssh-ed25519";
  const std::string key = contract::Sha256(name);
  const auto field = [](const std::string& bytes) {
    return std::string({0, 0, 0, static_cast<char>(bytes.size())}) + bytes;
  };
  return absl::StrCat(type, " ", base::ToBase64(field(type) + field(key)));
}

inline std::string FingerprintOf(const std::string& name) {
  return contract::ParsePublicKey(KeyLine(name))->fingerprint;
}

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_PUBLIC_KEYS_H_

#include "proto/base/text.h"

#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "proto/base/utf8.h"

namespace resetctl::base {

std::string ToHex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

std::string ToBase64(absl::string_view bytes) { return absl::Base64Escape(bytes); }

bool FromBase64(absl::string_view text, std::string* bytes) {
  // absl is lenient (blanks, padding); one text a value is what signed bytes need.
  return absl::Base64Unescape(text, bytes) && absl::Base64Escape(*bytes) == text;
}

std::string RandomBytes(int count) {
  std::string bytes(static_cast<size_t>(count), '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), count) != 1) std::abort();
  return bytes;
}

std::string ToValidUtf8(absl::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t good = FindBadUtf8(text);
    valid.append(text.data(), good);
    text.remove_prefix(good);
    if (text.empty()) break;
    valid += '?';
    text.remove_prefix(1);
  }
  return valid;
}

bool EqualInConstantTime(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace resetctl::base

#ifndef RESETCTL_PROTO_BASE_TEXT_H_
#define RESETCTL_PROTO_BASE_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace resetctl::base {

// Debian's absl::string_view converts to no std type on its own.
inline std::string Str(absl::string_view text) { return std::string(text.data(), text.size()); }

// Lower-case hexadecimal.
std::string ToHex(absl::string_view bytes);

// Standard alphabet, with padding.
std::string ToBase64(absl::string_view bytes);
// False when `text` is not base64 as ToBase64 writes it: no blanks, no missing padding, no stray
// bits.
bool FromBase64(absl::string_view text, std::string* bytes);

// `count` bytes from the system's random source (OpenSSL RAND_bytes); aborts when there is none.
std::string RandomBytes(int count);

// The text with '?' for every byte that is not UTF-8: protobuf refuses to read other strings.
std::string ToValidUtf8(absl::string_view text);

// Equal, in time that depends on the length only.
bool EqualInConstantTime(absl::string_view a, absl::string_view b);

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_TEXT_H_

#ifndef RESETCTL_PROTO_BASE_UTF8_H_
#define RESETCTL_PROTO_BASE_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace resetctl::base {

// Where the first byte that is not well-formed UTF-8 (RFC 3629: shortest form, no surrogates, at
// most U+10FFFF) stands; text.size() when all is well. NUL is well-formed.
size_t FindBadUtf8(absl::string_view text);
inline bool IsUtf8(absl::string_view text) { return FindBadUtf8(text) == text.size(); }

// Control characters (C0 but '\n' and '\t' when `lines`, DEL, C1) can repaint a terminal: no name
// may hold one.
bool HasControlCharacters(absl::string_view text, bool lines);

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_UTF8_H_

#ifndef RESETCTL_PROTO_BASE_FILE_H_
#define RESETCTL_PROTO_BASE_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::base {

// The whole file. NOT_FOUND when absent, RESOURCE_EXHAUSTED above `max_bytes`, messages name the
// path.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes = 64 << 20);

// Replaces `path` by `bytes`, or leaves it as it was: temporary file beside it, fsync, rename,
// fsync of the folder.
absl::Status WriteFileDurably(const std::string& path, absl::string_view bytes, int mode);

// The same for a file that must not be there yet: ALREADY_EXISTS when it is, however it came there.
absl::Status WriteNewFileDurably(const std::string& path, absl::string_view bytes, int mode);

// Makes the folder and its parents, `mode` for the ones it makes.
absl::Status MakeFolders(const std::string& path, int mode = 0700);

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_FILE_H_

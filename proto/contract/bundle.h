#ifndef RESETCTL_PROTO_CONTRACT_BUNDLE_H_
#define RESETCTL_PROTO_CONTRACT_BUNDLE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::contract {

inline constexpr size_t kMaxBundleBytes = 16 << 20;

// A blueprint and the files it names, in memory. `files` maps a relative path to its bytes, the
// blueprint included.
struct BundleFiles {
  std::string blueprint_path;
  std::map<std::string, std::string> files;
};

// INVALID_ARGUMENT when `path` cannot stand in a bundle: empty, absolute, '..', '.' or empty parts,
// '\\', control characters, bad UTF-8, over 512 bytes.
absl::Status CheckBundlePath(absl::string_view path);

// Serialised v1::Bundle, sorted by path. TOO_LARGE above kMaxBundleBytes.
absl::StatusOr<std::string> PackBundle(const BundleFiles& bundle);
// Refuses absolute paths, '..', duplicates, unsorted files, a missing blueprint, unknown fields.
absl::StatusOr<BundleFiles> UnpackBundle(absl::string_view bytes);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_BUNDLE_H_

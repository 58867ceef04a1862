#ifndef RESETCTL_CLIENT_COMMANDS_BUNDLE_FILES_H_
#define RESETCTL_CLIENT_COMMANDS_BUNDLE_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/bundle.h"

namespace resetctl::client {

// A blueprint and the files that it names, read from its folder. A named file that is absent, or lies outside of the
// folder, is left out: the blueprint's check says so, with the line that names it. INVALID_ARGUMENT when the blueprint
// itself cannot be read, TOO_LARGE above the bundle's limit.
absl::StatusOr<contract::BundleFiles> ReadBundleFiles(const std::string& blueprint);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_BUNDLE_FILES_H_

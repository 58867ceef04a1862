#include "controller/store/sqlite/store_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Take(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return absl::UnavailableError(absl::StrCat("The file ", path, " cannot be made."));
  }
  std::unique_ptr<FileLock> lock(new FileLock(descriptor));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat("Another controller is using the store of ", path, "."),
                           "Stop it first, or give this one a state directory of its own.");
  }
  return lock;
}

FileLock::~FileLock() { close(descriptor_); }

absl::Status MakePrivateFile(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0 || fchmod(descriptor, 0600) != 0) {
    if (descriptor >= 0) close(descriptor);
    return absl::UnavailableError(
        absl::StrCat("The store ", path, " cannot be made or is not ours."));
  }
  close(descriptor);
  return absl::OkStatus();
}

}  // namespace resetctl::controller

#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_STORE_FILE_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_STORE_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace resetctl::controller {

// A lock that ends with the process, however it ends.
class FileLock {
 public:
  // REASON_CONFIG_INVALID: another process has it.
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

// 0600 from its first moment; SQLite gives the -wal and -shm files the same mode.
absl::Status MakePrivateFile(const std::string& path);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_STORE_FILE_H_

#ifndef RESETCTL_CLIENT_AUDIT_EXPORT_FILE_H_
#define RESETCTL_CLIENT_AUDIT_EXPORT_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace resetctl::client {

// A file that an export is written to, or gone on with. Nobody else exports into it meanwhile. What is not kept is cut off
// again, so that the file stays one that verifies.
class ExportFile {
 public:
  explicit ExportFile(std::string path) : path_(std::move(path)) {}
  ~ExportFile();
  ExportFile(const ExportFile&) = delete;
  ExportFile& operator=(const ExportFile&) = delete;

  // Makes it, empty and with mode 0600, when there is none. INVALID_ARGUMENT: it cannot be written, or another export
  // writes it.
  absl::Status Open();

  // Lines go after its first `bytes`; what was behind them (a torn line) goes.
  absl::Status CutTo(int64_t bytes);
  absl::Status Line(absl::string_view line);
  // What was written stays, durably.
  absl::Status Keep();

 private:
  absl::Status Flush();

  const std::string path_;
  int descriptor_ = -1;
  bool made_ = false;  // by us: it goes again when nothing is kept in it
  int64_t cut_ = -1;   // where the file ends unless it is kept; -1: as it is
  std::string buffer_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_AUDIT_EXPORT_FILE_H_

#ifndef RESETCTL_CLIENT_AUDIT_EXPORT_READER_H_
#define RESETCTL_CLIENT_AUDIT_EXPORT_READER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/audit/log_verifier.h"

namespace resetctl::client {

// Gets each entry once the verifier has taken it.
using EntrySink = std::function<absl::Status(uint64_t index, const std::string& leaf)>;

// How far a file goes.
struct ExportEnd {
  int64_t bytes = 0;   // of its whole lines
  bool torn = false;   // something follows that has no line end: a write that was cut off
  std::string origin;  // of its first line; empty when there is none
};

// Reads an exported log from its beginning and has each line verified. Constant memory. The first error ends it; its
// problem names file and line. INVALID_ARGUMENT when the file cannot be read. `sink` may be empty.
absl::StatusOr<ExportEnd> ReadExport(const std::string& path, LogVerifier* verifier,
                                     const EntrySink& sink);

// The same for files that go on from one another, as the controller's archive files and a later export do. Each ends with
// a checkpoint of all before it: LOG_TAMPERED when one does not.
absl::Status ReadExports(const std::vector<std::string>& paths, LogVerifier* verifier,
                         const EntrySink& sink);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_AUDIT_EXPORT_READER_H_

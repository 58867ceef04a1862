#ifndef RESETCTL_PROTO_BASE_SUBPROCESS_H_
#define RESETCTL_PROTO_BASE_SUBPROCESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace resetctl::base {

struct SubprocessOptions {
  std::vector<std::string> argv;         // argv[0] is looked up in `path` when it has no slash
  std::vector<std::string> environment;  // NAME=value, all that the child sees
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  std::string standard_input;
  // Bytes that the child finds as /dev/fd/N (memfd); the text "{memory:I}" in argv is replaced by
  // that path for entry I.
  std::vector<std::string> memory_files;
  absl::Duration timeout = absl::Seconds(5);  // then the whole process group is killed
  size_t max_output = 1 << 20;                // of each stream; the rest is read and dropped
  bool keep_terminal = false;  // own process group otherwise; true: may ask its person at /dev/tty
};

struct SubprocessResult {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  bool timed_out = false;
  std::string standard_output;
  std::string standard_error;
};

// posix_spawn, descriptors closed but 0-2 and memory files, signals reset. An error only when the
// program could not be started (NOT_FOUND when it does not exist); a non-zero exit is a result.
absl::StatusOr<SubprocessResult> RunSubprocess(const SubprocessOptions& options);

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_SUBPROCESS_H_

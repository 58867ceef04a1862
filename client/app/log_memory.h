#ifndef RESETCTL_CLIENT_APP_LOG_MEMORY_H_
#define RESETCTL_CLIENT_APP_LOG_MEMORY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/app/state.h"
#include "proto/contract/checkpoint.h"

namespace resetctl::client {

class Controller;

// What the controller's log is now, compared with what was seen of it here before.
struct LogNow {
  contract::Checkpoint checkpoint;
  std::string note;
  std::vector<std::string> log_keys;  // that it was verified with
  std::optional<contract::Checkpoint>
      before;  // what it was proved to have grown from; nothing: seen for the first time
};

// Fetches the controller's checkpoint, demands the proof that the log only grew since the newest checkpoint that was seen
// here, and remembers it. `log_keys`: the log's vkeys; empty for those that were remembered, or, the first time, the one
// that the controller gives (trust on first use).
// LOG_ROLLED_BACK: the log is shorter than what was seen. LOG_FORKED: it has another history. BAD_SIGNATURE: none of the
// keys signed it. What was seen stays remembered then.
absl::StatusOr<LogNow> CheckLog(Controller& controller,
                                const std::vector<std::string>& log_keys = {});

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_LOG_MEMORY_H_

#ifndef RESETCTL_CLIENT_OUTPUT_EXIT_CODES_H_
#define RESETCTL_CLIENT_OUTPUT_EXIT_CODES_H_

#include <vector>

#include "absl/status/status.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/reason.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// How a run's state ends the program (DESIGN §12): the one table, in exit_codes.cc.
struct EndState {
  v1::RunState state;
  contract::ExitCode exit;
  const char* title;    // "ROLLED BACK"
  const char* meaning;  // "nothing was changed"
  bool ended;           // for now: only a resume or a new run leads on
};
const EndState& EndStateOf(v1::RunState state);

// The same, narrowed by the reason: a run that was refused or rolled back because the target is no
// longer what was approved is stale (4), one that was refused by the floor is not allowed (3).
contract::ExitCode ExitOf(const v1::Run& run);

// Of an error.
contract::ExitCode ExitOf(const absl::Status& status);

// When no plan could be made: what all problems have in common, otherwise "no plan could be made"
// (5).
contract::ExitCode ExitOf(const std::vector<v1::Problem>& problems);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_EXIT_CODES_H_

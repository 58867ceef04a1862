#ifndef RESETCTL_CLIENT_COMMANDS_FOLLOW_RUN_H_
#define RESETCTL_CLIENT_COMMANDS_FOLLOW_RUN_H_

#include "client/app/app.h"
#include "client/app/interrupts.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

class Controller;

struct FollowOptions {
  bool started_here =
      false;  // Ctrl+C before the first statement cancels; otherwise it only stops watching
  bool lines_are_result = false;  // `watch` through a pipe: the events are what was asked for
  bool cache = true;              // the plan has such steps
  bool after = true;
};

// Shows a run until it has ended for now, then its summary; exit code from its end state. Live on a terminal, plain lines
// through a pipe, JSON lines with -o json. `interrupts` is already in force: nothing between the order and here may end
// the program. Left running: OUTCOME_UNKNOWN (7).
Outcome FollowRun(const v1::Run& run, const FollowOptions& options,
                  const InterruptScope& interrupts, Controller& controller, App& app);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_FOLLOW_RUN_H_

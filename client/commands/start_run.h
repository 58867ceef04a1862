#ifndef RESETCTL_CLIENT_COMMANDS_START_RUN_H_
#define RESETCTL_CLIENT_COMMANDS_START_RUN_H_

#include <string>

#include "client/app/app.h"
#include "client/commands/make_plan.h"

namespace resetctl::client {

class Controller;

// What `run` and `reset` share: the phrase, typed or from --confirm; the signed order; the watch. Nothing is ordered
// before the phrase is right.
struct StartOptions {
  std::string confirm;
  std::string break_glass;  // why; empty: an ordinary run
  bool detach = false;
};
Outcome StartRun(const FetchedPlan& fetched, const StartOptions& options, Controller& controller,
                 App& app);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_START_RUN_H_

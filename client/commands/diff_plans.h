#ifndef RESETCTL_CLIENT_COMMANDS_DIFF_PLANS_H_
#define RESETCTL_CLIENT_COMMANDS_DIFF_PLANS_H_

#include <string>

#include "client/app/app.h"

namespace resetctl::client {

// `show PLAN --diff OTHER`: what differs between two plans; the one that was made first is the old one, whichever was named
// first. Both are hashed as for `show`. Files are compared when both bundles can be had; otherwise a note says why not.
Outcome ShowPlanDiff(const std::string& id, const std::string& other, App& app);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_DIFF_PLANS_H_

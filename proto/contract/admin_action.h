#ifndef RESETCTL_PROTO_CONTRACT_ADMIN_ACTION_H_
#define RESETCTL_PROTO_CONTRACT_ADMIN_ACTION_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace resetctl::contract {

// What an admin's statement (TRUST §2) is about: a verb, and its arguments as one "name: value" a line, in the order given
// here. The statement carries the digest of that text. Client, controller and (for rebind) agent each build it from what they
// are about to do; none takes it from another. Line ends in a value become blanks.
struct AdminAction {
  std::string verb;
  std::string arguments;

  std::string ArgumentsDigest() const;  // sha256:..
};

AdminAction ApplyPolicyAction(absl::string_view yaml);
// `until` InfiniteFuture: until somebody lifts it. Whole seconds.
AdminAction FreezeAction(absl::string_view environment, absl::Time until, absl::string_view reason);
AdminAction UnfreezeAction(absl::string_view environment);
AdminAction InviteAction(absl::string_view environment, absl::string_view target);
AdminAction RevokeAgentAction(absl::string_view environment, absl::string_view target);
AdminAction RebindAction(absl::string_view environment, absl::string_view target);
AdminAction RevokeSessionAction(absl::string_view session_id);
AdminAction ReviewAction(absl::string_view run_id, absl::string_view note);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_ADMIN_ACTION_H_

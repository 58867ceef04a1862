#ifndef RESETCTL_CLIENT_COMMANDS_DECIDE_H_
#define RESETCTL_CLIENT_COMMANDS_DECIDE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/commands/make_plan.h"
#include "client/output/text.h"
#include "resetctl/v1/approval.pb.h"

namespace resetctl::client {

class Connection;
class Controller;

// Signs a decision (approve, unapprove, reject) about the plan's own bytes and sends it.
absl::StatusOr<v1::DecidePlanResponse> Decide(Controller& controller, const FetchedPlan& fetched,
                                              absl::string_view decision, absl::string_view reason,
                                              absl::Time now);

// "You are about to sign, as alice (key SHA256:...)", and what.
std::string RenderAboutToSign(const Look& look, const CheckedPlan& plan, absl::string_view decision,
                              absl::string_view reason, const Connection& connection);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_DECIDE_H_

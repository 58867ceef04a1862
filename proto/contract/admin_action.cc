#include "proto/contract/admin_action.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/statement.h"

namespace resetctl::contract {
namespace {

class Action {
 public:
  explicit Action(absl::string_view verb) { action_.verb = base::Str(verb); }
  Action& With(absl::string_view name, absl::string_view value) {
    std::string line = base::Str(value);
    for (char& c : line) {
      if (c == '\n' || c == '\r') c = ' ';
    }
    absl::StrAppend(&action_.arguments, name, ": ", line, "\n");
    return *this;
  }
  AdminAction Take() { return std::move(action_); }

 private:
  AdminAction action_;
};

AdminAction AboutTarget(absl::string_view verb, absl::string_view environment,
                        absl::string_view target) {
  return Action(verb).With("environment", environment).With("target", target).Take();
}

}  // namespace

std::string AdminAction::ArgumentsDigest() const { return Digest(arguments); }

AdminAction ApplyPolicyAction(absl::string_view yaml) {
  return Action("policy apply").With("policy", Digest(yaml)).Take();
}

AdminAction FreezeAction(absl::string_view environment, absl::Time until,
                         absl::string_view reason) {
  return Action("freeze")
      .With("environment", environment)
      .With("until", until == absl::InfiniteFuture() ? "lifted" : FormatStatementTime(until))
      .With("reason", reason)
      .Take();
}

AdminAction UnfreezeAction(absl::string_view environment) {
  return Action("unfreeze").With("environment", environment).Take();
}

AdminAction InviteAction(absl::string_view environment, absl::string_view target) {
  return AboutTarget("agent invite", environment, target);
}

AdminAction RevokeAgentAction(absl::string_view environment, absl::string_view target) {
  return AboutTarget("agent revoke", environment, target);
}

AdminAction RebindAction(absl::string_view environment, absl::string_view target) {
  return AboutTarget("target rebind", environment, target);
}

AdminAction RevokeSessionAction(absl::string_view session_id) {
  return Action("session revoke").With("session", session_id).Take();
}

AdminAction ReviewAction(absl::string_view run_id, absl::string_view note) {
  return Action("audit review").With("run", run_id).With("note", note).Take();
}

}  // namespace resetctl::contract

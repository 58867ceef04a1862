#ifndef RESETCTL_AGENT_SERVICE_PLAN_STORE_H_
#define RESETCTL_AGENT_SERVICE_PLAN_STORE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace resetctl::agent {

// The plans that this agent made, with the bundle that each was made from, below `<state_dir>/plans/<64 hex digits>/`. A run
// uses these bundles only: what the controller has stored is never executed.
class PlanStore {
 public:
  explicit PlanStore(std::string state_dir) : folder_(std::move(state_dir) + "/plans") {}

  // Durable when it returns.
  absl::Status Save(absl::string_view document, absl::string_view bundle);
  // PLAN_NOT_OURS when this agent has no such plan (a new state directory, or an old plan that was removed).
  absl::StatusOr<std::string> LoadBundle(absl::string_view plan_digest) const;
  // Removes plans that expired before `limit`.
  void RemoveExpiredBefore(absl::Time limit);

 private:
  std::string FolderOf(absl::string_view plan_digest) const;

  const std::string folder_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_PLAN_STORE_H_

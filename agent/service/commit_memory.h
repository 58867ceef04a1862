#ifndef RESETCTL_AGENT_SERVICE_COMMIT_MEMORY_H_
#define RESETCTL_AGENT_SERVICE_COMMIT_MEMORY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::agent {

// Which run committed last here, and whether the database has lost that (TRUST §5): the agent knows of a commit, the ledger does not,
// because of a failover to a standby that lagged, or a restore. What else is missing there nobody can tell, so until a signed rebind
// this agent plans and runs nothing. Kept in the state directory; the run thread writes, any may read.
class CommitMemory {
 public:
  explicit CommitMemory(const std::string& state_dir) : file_(state_dir + "/last-commit") {}

  // Both durable.
  absl::Status Committed(absl::string_view run_id);
  absl::Status Lost(absl::string_view run_id);
  // After a rebind: what was before counts no more.
  absl::Status Forget();

  // Empty when there was none.
  absl::StatusOr<std::string> LastCommit() const;
  // COMMIT_LOST, naming the run.
  absl::Status Check() const;

 private:
  const std::string file_;  // 'RUN' or 'RUN lost'
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_COMMIT_MEMORY_H_

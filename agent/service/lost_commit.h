#ifndef RESETCTL_AGENT_SERVICE_LOST_COMMIT_H_
#define RESETCTL_AGENT_SERVICE_LOST_COMMIT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace resetctl::agent {

// That the database has lost a run's commit, by a failover to a standby that lagged, or a restore: the journal says committed, the
// ledger does not know the run (TRUST §5). What else is missing there nobody can tell, so until a signed rebind this agent plans and
// runs nothing. Kept in the state directory.
class LostCommit {
 public:
  explicit LostCommit(const std::string& state_dir) : file_(state_dir + "/commit-lost") {}

  // Durable.
  absl::Status Remember(absl::string_view run_id);
  // COMMIT_LOST, naming the run.
  absl::Status Check() const;
  absl::Status Forget();

 private:
  const std::string file_;  // the run's id
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_LOST_COMMIT_H_

#ifndef RESETCTL_AGENT_POSTGRES_STEP_SETTINGS_H_
#define RESETCTL_AGENT_POSTGRES_STEP_SETTINGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/postgres/session.h"

namespace resetctl::agent {

// Budgets of the run's statements: the target's own settings must not cut a reset in half, nor may it run for ever.
inline constexpr absl::Duration kStatementBudget = absl::Hours(1);
inline constexpr absl::Duration kLockBudget =
    absl::Seconds(20);  // of a step that meets a neighbour's lock
inline constexpr absl::Duration kIdleBudget =
    absl::Minutes(2);  // between two of our own statements

// Puts every setting back to the session's start, whatever a step did to it (SET LOCAL inside a DO block survives the block,
// set_config(..., false) the transaction; RESET ALL also empties settings that a step made up), closes its cursors, then sets our own
// values for this transaction. Called at BEGIN, before each step and after it.
absl::Status ApplyStepSettings(Session& session);

// The blueprint's search path, for its own SQL. pg_temp last: no temporary table shadows a real one.
absl::Status UseSearchPath(Session& session, const std::vector<std::string>& schemas);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_STEP_SETTINGS_H_

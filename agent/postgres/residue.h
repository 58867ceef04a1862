#ifndef RESETCTL_AGENT_POSTGRES_RESIDUE_H_
#define RESETCTL_AGENT_POSTGRES_RESIDUE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "agent/postgres/session.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// Columns of cleared tables whose values can still be read in the planner's statistics (pg_stats): neither TRUNCATE nor
// DELETE, ANALYZE or VACUUM of an empty table takes them out (POSTGRES.md, "Silent failures"). Sorted by table.
absl::StatusOr<std::vector<v1::Residue>> ReadResidue(Session& session, const TableIndex& index,
                                                     const ClearPlan& plan);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_RESIDUE_H_

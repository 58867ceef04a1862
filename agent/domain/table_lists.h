#ifndef RESETCTL_AGENT_DOMAIN_TABLE_LISTS_H_
#define RESETCTL_AGENT_DOMAIN_TABLE_LISTS_H_

#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"

namespace resetctl::agent {

// Puts every table in scope into exactly one list of `plan` (groups, kept, cleared, cleared_roots,
// unlisted), or says why that cannot be done. Partition trees are one unit.
void ListTables(const TableIndex& index, const contract::Blueprint& blueprint,
                const CountedRows& counted, ClearPlan* plan);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_TABLE_LISTS_H_

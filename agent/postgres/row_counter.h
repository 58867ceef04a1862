#ifndef RESETCTL_AGENT_POSTGRES_ROW_COUNTER_H_
#define RESETCTL_AGENT_POSTGRES_ROW_COUNTER_H_

#include <map>
#include <vector>

#include "absl/status/status.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "agent/postgres/session.h"

namespace resetctl::agent {

// True when count(*) tells the truth to our role: it may read the table, row security hides nothing from it, and no part
// of the tree is in another server.
bool IsCountable(const TableIndex& index, Oid table);

// Exact rows of the countable ones among `tables` (partition roots with their trees), in the session's transaction.
absl::Status CountTables(Session& session, const TableIndex& index, const std::vector<Oid>& tables,
                         std::map<Oid, int64_t>* rows);

// Rows that use each of these foreign keys: all of its columns are set.
absl::Status CountReferences(Session& session, const TableIndex& index,
                             const std::vector<Oid>& foreign_keys, std::map<Oid, int64_t>* rows);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_ROW_COUNTER_H_

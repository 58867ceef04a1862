#ifndef RESETCTL_AGENT_DOMAIN_LOOKUP_PLAN_H_
#define RESETCTL_AGENT_DOMAIN_LOOKUP_PLAN_H_

#include <string>
#include <vector>

#include "agent/domain/columns.h"
#include "agent/domain/table_index.h"
#include "proto/contract/blueprint.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::agent {

// What a `lookup` of a rows or csv step means for a catalog: the column takes `gives` of the one row of `table` whose key
// columns equal the values of the fields.
struct PlannedLookup {
  std::string column;  // of the step's table
  Oid table = 0;
  std::vector<contract::LookupSpec::Key> by;
  std::string gives;
  bool own = false;  // the step's own table: rows of the same file are found too
};

// The table, view or materialized view that a lookup reads, in scope or not; 0 with NO_SUCH_TABLE or AMBIGUOUS_TABLE.
Oid TableLookedInto(const TableIndex& index, const contract::TablePattern& pattern,
                    std::vector<v1::Problem>* problems);

// Which column a lookup gives, unless it says so: the one that the foreign key of its column refers to; without a foreign key
// the table's primary key, if that is one column.
//
// `fields` are the columns that the file or rows name. Problems, with the place of the lookup: unknown tables and columns, a
// key that the file does not give, a table that is not the foreign key's, no key to take, no privilege to read. For a lookup
// into the step's own table the file must hold the keys themselves, and the column that is given needs to be in the file or
// to have a default: only then are rows of the same file found.
std::vector<PlannedLookup> PlanLookups(const TableIndex& index, const ColumnsByTable& columns,
                                       Oid table, const std::vector<contract::LookupSpec>& lookups,
                                       const std::vector<std::string>& fields,
                                       std::vector<v1::Problem>* problems);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_LOOKUP_PLAN_H_

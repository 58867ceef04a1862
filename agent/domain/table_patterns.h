#ifndef RESETCTL_AGENT_DOMAIN_TABLE_PATTERNS_H_
#define RESETCTL_AGENT_DOMAIN_TABLE_PATTERNS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/domain/table_index.h"
#include "proto/contract/blueprint.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::agent {

// '*' stands for any number of characters; everything else for itself. Linear but for '*', never
// exponential.
bool GlobMatches(absl::string_view pattern, absl::string_view text);

// The tables that `pattern` names, partitions included. One, for an exact pattern; none, with a
// problem (NO_SUCH_TABLE, AMBIGUOUS_TABLE, UNSUPPORTED_RELATION) that says where it stands, unless
// it is optional.
std::vector<const Relation*> TablesNamedBy(const TableIndex& index,
                                           const contract::TablePattern& pattern,
                                           std::vector<v1::Problem>* problems);

// A problem at a place of the blueprint.
v1::Problem ProblemAt(const contract::Location& location, v1::Reason reason, absl::string_view what,
                      absl::string_view advice);
// A problem with one object of the database.
v1::Problem ProblemAbout(v1::Reason reason, const std::string& object, absl::string_view what,
                         absl::string_view advice);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_TABLE_PATTERNS_H_

#ifndef RESETCTL_AGENT_POSTGRES_COLUMN_READER_H_
#define RESETCTL_AGENT_POSTGRES_COLUMN_READER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "agent/domain/columns.h"
#include "agent/postgres/session.h"

namespace resetctl::agent {

// The columns of `tables`. Inside a transaction; expressions and types are deparsed for a search path of pg_catalog alone,
// which the caller has set, so that every other name in them is qualified.
absl::StatusOr<ColumnsByTable> ReadColumns(Session& session, const std::vector<Oid>& tables);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_COLUMN_READER_H_

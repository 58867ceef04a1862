#ifndef RESETCTL_AGENT_POSTGRES_CATALOG_READER_H_
#define RESETCTL_AGENT_POSTGRES_CATALOG_READER_H_

#include "absl/status/statusor.h"
#include "agent/domain/catalog.h"
#include "agent/postgres/session.h"

namespace resetctl::agent {

// Reads the whole catalog with one query a question (agent/postgres/sql/*.sql), in the session's current transaction: in a
// REPEATABLE READ one for a plan, under the run's locks for the re-check. Works for an ordinary owner of the tables.
absl::StatusOr<Catalog> ReadCatalog(Session& session);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_CATALOG_READER_H_

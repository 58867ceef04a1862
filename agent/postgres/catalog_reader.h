#ifndef RESETCTL_AGENT_POSTGRES_CATALOG_READER_H_
#define RESETCTL_AGENT_POSTGRES_CATALOG_READER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "agent/domain/catalog.h"
#include "agent/postgres/session.h"

namespace resetctl::agent {

// Reads the whole catalog with one query a question (agent/postgres/sql/*.sql), in the session's current transaction: in a
// REPEATABLE READ one for a plan, under the run's locks for the re-check. Works for an ordinary owner of the tables.
// Sizes of indexes and toast are for people who read a plan; a run does without: kHeaps leaves Relation::bytes at 0.
enum class Sizes { kAll, kHeaps };
absl::StatusOr<Catalog> ReadCatalog(Session& session, Sizes sizes = Sizes::kAll);

// Says whether a catalog that was read before is still true, at a tenth of the price of reading it again. Equal states:
// ReadCatalog() would answer the same but for sizes, estimates, file nodes and populated views. Unequal ones say nothing: read it again.
struct CatalogState {
  std::string schema;      // agent/postgres/sql/catalog_state.sql
  std::string migrations;  // contents of the migration histories
  bool operator==(const CatalogState&) const = default;
};
absl::StatusOr<CatalogState> ReadCatalogState(Session& session, const Catalog& catalog);
// Its two halves; the histories are those that `catalog` knows.
absl::StatusOr<std::string> ReadSchemaState(Session& session);
absl::StatusOr<std::string> ReadMigrationState(Session& session, const Catalog& catalog);

// Sizes of heaps, file nodes and whether materialized views are populated, as they are now.
absl::Status ReadStorage(Session& session, Catalog* catalog);

// Sizes of the heaps now, by table; partitioned roots have none of their own.
absl::StatusOr<std::map<Oid, int64_t>> ReadHeapBytes(Session& session, const std::set<Oid>& tables);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_CATALOG_READER_H_

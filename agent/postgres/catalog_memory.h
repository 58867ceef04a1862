#ifndef RESETCTL_AGENT_POSTGRES_CATALOG_MEMORY_H_
#define RESETCTL_AGENT_POSTGRES_CATALOG_MEMORY_H_

#include <optional>

#include "absl/status/statusor.h"
#include "agent/domain/catalog.h"
#include "agent/postgres/catalog_reader.h"
#include "agent/postgres/session.h"
#include "proto/base/mutex.h"

namespace resetctl::agent {

struct KnownCatalog {
  Catalog catalog;
  CatalogState state;
};

// The catalog of the last plan. Reading a catalog is most of what the reset of many small tables takes; the run that follows a
// plan takes the plan's where the database's state says that it is still true (ADR 12). Thread-safe.
class CatalogMemory {
 public:
  void Keep(KnownCatalog known);
  // Gives it away: a run changes it, and the next plan brings another.
  std::optional<KnownCatalog> Take();

 private:
  base::Mutex mutex_;
  std::optional<KnownCatalog> known_ ABSL_GUARDED_BY(mutex_);
};

// As ReadCatalog(session, Sizes::kHeaps) with ReadCatalogState(), from the memory where what it holds is true now.
absl::StatusOr<KnownCatalog> ReadKnownCatalog(Session& session, CatalogMemory& memory);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_CATALOG_MEMORY_H_

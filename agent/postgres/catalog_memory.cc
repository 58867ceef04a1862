#include "agent/postgres/catalog_memory.h"

#include <string>
#include <utility>

namespace resetctl::agent {

void CatalogMemory::Keep(KnownCatalog known) {
  base::MutexLock lock(mutex_);
  known_ = std::move(known);
}

std::optional<KnownCatalog> CatalogMemory::Take() {
  base::MutexLock lock(mutex_);
  return std::exchange(known_, std::nullopt);
}

absl::StatusOr<KnownCatalog> ReadKnownCatalog(Session& session, CatalogMemory& memory) {
  absl::StatusOr<std::string> schema = ReadSchemaState(session);
  if (!schema.ok()) return schema.status();
  std::optional<KnownCatalog> known = memory.Take();
  if (known && known->state.schema == *schema) {
    const absl::StatusOr<std::string> migrations = ReadMigrationState(session, known->catalog);
    if (!migrations.ok()) return migrations.status();
    if (*migrations == known->state.migrations) {
      const absl::Status fresh = ReadStorage(session, &known->catalog);
      if (!fresh.ok()) return fresh;
      return *std::move(known);
    }
  }
  absl::StatusOr<Catalog> catalog = ReadCatalog(session, Sizes::kHeaps);
  if (!catalog.ok()) return catalog.status();
  absl::StatusOr<std::string> migrations = ReadMigrationState(session, *catalog);
  if (!migrations.ok()) return migrations.status();
  return KnownCatalog{*std::move(catalog), {*std::move(schema), *std::move(migrations)}};
}

}  // namespace resetctl::agent

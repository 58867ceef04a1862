#include "controller/store/sqlite/migrate.h"

#include "absl/strings/str_cat.h"
#include "controller/store/migrations.h"
#include "controller/store/sqlite/audit_tree.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

absl::Status CheckApplied(Connection& connection, const std::vector<Migration>& migrations,
                          size_t* applied) {
  *applied = 0;
  Query query(connection, "SELECT number, name, checksum FROM migrations ORDER BY number");
  while (query.Next()) {
    const auto number = static_cast<size_t>(query.Int(0));
    if (number > migrations.size()) {
      return contract::Error(
          v1::REASON_CONFIG_INVALID,
          absl::StrCat("The store was written by a newer version (migration ", query.Text(1), ")."),
          "Start that version, or restore the store from before the upgrade.");
    }
    if (query.Text(2) != contract::Digest(migrations[number - 1].sql)) {
      return contract::Error(
          v1::REASON_CONFIG_INVALID,
          absl::StrCat("Migration ", query.Text(1),
                       " is not the one that this store was made with."),
          "Start the version that made the store: a released migration never changes.");
    }
    ++*applied;
  }
  return query.status();
}

absl::Status Apply(Connection& connection, size_t number, const Migration& migration) {
  absl::Status status = connection.Exec("BEGIN EXCLUSIVE");
  if (!status.ok()) return status;
  status = connection.Exec(migration.sql);
  if (status.ok() && migration.after) status = migration.after(connection);
  if (status.ok()) {
    Query insert(connection, "INSERT INTO migrations (number, name, checksum) VALUES (?, ?, ?)");
    insert.Bind(static_cast<int64_t>(number), migration.name, contract::Digest(migration.sql));
    status = insert.Run();
  }
  if (status.ok()) status = connection.Exec("COMMIT");
  if (!status.ok() && connection.InTransaction()) (void)connection.Exec("ROLLBACK");
  return status;
}

}  // namespace

std::vector<Migration> AllMigrations() {
  return {{"0001_initial", migrations::k0001Initial},
          {"0002_estimated_plans", migrations::k0002EstimatedPlans},
          {"0003_admin", migrations::k0003Admin},
          {"0004_notifications", migrations::k0004Notifications},
          {"0005_audit_tree", migrations::k0005AuditTree, FillSubtrees},
          {"0006_witnesses", migrations::k0006Witnesses},
          {"0007_audit_archives", migrations::k0007AuditArchives}};
}

absl::Status Migrate(Connection& connection, const std::vector<Migration>& migrations) {
  absl::Status status = connection.Exec(
      "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
      " checksum TEXT NOT NULL) STRICT");
  if (!status.ok()) return status;
  size_t applied = 0;
  status = CheckApplied(connection, migrations, &applied);
  for (size_t i = applied; status.ok() && i < migrations.size(); ++i) {
    status = Apply(connection, i + 1, migrations[i]);
  }
  return status;
}

}  // namespace resetctl::controller

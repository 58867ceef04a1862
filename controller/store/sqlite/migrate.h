#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_MIGRATE_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_MIGRATE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controller/store/sqlite/connection.h"

namespace resetctl::controller {

// One numbered file of controller/store/migrations. Once released it is never edited: the next change is the next number.
struct Migration {
  std::string name;
  std::string sql;
  // What SQL alone cannot do, in the same transaction; may be empty.
  std::function<absl::Status(Connection& connection)> after = nullptr;
};

// All that this program knows, in order; the first is number 1.
std::vector<Migration> AllMigrations();

// Brings the schema up to the last migration, each in its own transaction. Refuses, and changes nothing, when the file has
// a migration that this program does not know (a newer program wrote it) or one whose text was another.
absl::Status Migrate(Connection& connection, const std::vector<Migration>& migrations);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_MIGRATE_H_

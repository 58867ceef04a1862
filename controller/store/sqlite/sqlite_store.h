#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_SQLITE_STORE_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_SQLITE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "controller/service/store.h"
#include "controller/store/sqlite/audit_log.h"
#include "controller/store/sqlite/writer.h"

namespace resetctl::controller {

struct SqliteOptions {
  std::string path;        // of the database file; made with mode 0600. Its folder exists
  std::string log_origin;  // first line of checkpoints: 'resetctl.controller/<name>'
  CheckpointSigner sign;
  WriteObserver observe = nullptr;  // may be null
  absl::Duration lock_patience =
      absl::Seconds(5);  // with another process that holds the file's lock
};

// The store in one SQLite file (DESIGN §11). Threads: any number of callers. Writers queue up; the first in line writes for
// all who wait, in one transaction and one fsync, each behind a savepoint of its own. Readers have connections of their own
// and never wait for writers.
//
// Refuses to open (REASON_CONFIG_INVALID): a file that another process has open as its store, one with a newer schema, a
// changed migration.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const SqliteOptions& options);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_SQLITE_STORE_H_

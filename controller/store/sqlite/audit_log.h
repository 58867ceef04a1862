#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_LOG_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_LOG_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/service/change.h"
#include "controller/store/sqlite/connection.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/merkle.h"

namespace resetctl::controller {

// Signs a checkpoint with the log's key (contract::SignCheckpoint). Fails: the commit fails.
using CheckpointSigner =
    std::function<absl::StatusOr<std::string>(const contract::Checkpoint& checkpoint)>;

// Where the log ends: what the next entry continues.
struct LogHead {
  contract::MerkleFrontier frontier;
  absl::Time time = absl::InfinitePast();  // of the newest entry
};

// Within the connection's open transaction.
absl::StatusOr<LogHead> LoadHead(Connection& connection);
// DATA_LOSS unless the rows, and those in archives, are as many as the head says. (Their content is what `audit verify` proves.)
absl::Status CheckHead(Connection& connection, const contract::MerkleFrontier& frontier);
// Entries and the subtrees that they complete.
absl::Status AppendEntries(Connection& connection, const AuditTrail& trail, LogHead* head);
absl::Status StoreHead(Connection& connection, const contract::MerkleFrontier& frontier,
                       const std::string& origin, const CheckpointSigner& sign);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_LOG_H_

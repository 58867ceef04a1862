#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_LOG_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_LOG_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/service/change.h"
#include "controller/store/sqlite/connection.h"
#include "proto/contract/checkpoint.h"
#include "proto/contract/merkle.h"

namespace resetctl::controller {

// Signs a checkpoint with the log's key (contract::SignCheckpoint). Fails: the commit fails.
using CheckpointSigner =
    std::function<absl::StatusOr<std::string>(const contract::Checkpoint& checkpoint)>;

// The leaf of an entry: its bytes, serialised once, here, and never again.
std::string LeafBytes(const v1::AuditEntry& entry);

// Within the connection's open transaction.
absl::StatusOr<contract::MerkleFrontier> LoadFrontier(Connection& connection);
// DATA_LOSS unless the rows are as many as the head says. (Their content is what `audit verify` proves.)
absl::Status CheckHead(Connection& connection, const contract::MerkleFrontier& frontier);
absl::Status AppendEntries(Connection& connection, const AuditTrail& trail,
                           contract::MerkleFrontier* frontier);
absl::Status StoreHead(Connection& connection, const contract::MerkleFrontier& frontier,
                       const std::string& origin, const CheckpointSigner& sign);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_LOG_H_

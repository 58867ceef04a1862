#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_ARCHIVE_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_ARCHIVE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/service/change.h"
#include "controller/store/sqlite/connection.h"

namespace resetctl::controller {

// Tables audit_archives and audit_archived_leaves: what is left of entries that were moved to files (ADR 22).

absl::StatusOr<uint64_t> FirstKept(Connection& connection);
absl::StatusOr<ArchiveRecord> FindArchive(Connection& connection, uint64_t index);
// The leaf hashes of the archived entries from number * kArchiveBlock on, 32 bytes each; nothing: those are kept.
absl::StatusOr<std::optional<std::string>> ArchivedLeaves(Connection& connection, uint64_t number);
// Within the connection's open transaction.
absl::Status RemoveArchived(Connection& connection, const ArchiveEntries& change);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_ARCHIVE_H_

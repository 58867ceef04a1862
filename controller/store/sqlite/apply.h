#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_APPLY_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_APPLY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "controller/service/change.h"
#include "controller/store/sqlite/connection.h"

namespace resetctl::controller {

// Applies one mutation or note within the connection's open transaction. On an error the caller rolls back to its
// savepoint. `audit_index`: of the first entry of this commit, for kThisCommit.
absl::Status Apply(Connection& connection, const Mutation& mutation, uint64_t audit_index);
absl::Status Apply(Connection& connection, const Note& note);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_APPLY_H_

#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_QUERY_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_QUERY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "controller/service/store.h"
#include "controller/store/paging.h"
#include "controller/store/sqlite/connection.h"

namespace resetctl::controller {

// The newest entries that the filter lets through, with a number below `below`, newest first, at most `limit`. A page
// costs what its index entries cost, whatever the log's size: one filter is searched in its index (the most selective
// that is set: subject, person, action, environment), the others are looked at row by row. Only a combination that is rare
// although each part is frequent reads much.
absl::StatusOr<Numbered<StoredAuditEntry>> QueryAudit(Connection& connection,
                                                      const AuditFilter& filter, int64_t below,
                                                      int limit);

// The number of the first entry that is kept and of this time or later: entries' times never go back (audit_leaf.h). The
// log's size when there is none.
absl::StatusOr<int64_t> FirstAt(Connection& connection, absl::Time time);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_QUERY_H_

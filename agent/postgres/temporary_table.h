#ifndef RESETCTL_AGENT_POSTGRES_TEMPORARY_TABLE_H_
#define RESETCTL_AGENT_POSTGRES_TEMPORARY_TABLE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "agent/postgres/session.h"

namespace resetctl::agent {

// `create temporary table <rest>`. PRIVILEGE_MISSING names the GRANT that helps. The schema of such a table is pg_temp: it
// belongs to no fingerprint, and no proof looks at it; whoever made it drops it again all the same.
absl::Status CreateTemporaryTable(Session& session, absl::string_view rest);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_TEMPORARY_TABLE_H_

#ifndef RESETCTL_AGENT_POSTGRES_LARGE_OBJECTS_H_
#define RESETCTL_AGENT_POSTGRES_LARGE_OBJECTS_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "agent/postgres/run_context.h"
#include "agent/postgres/session.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// Large objects outlive the rows that name them: TRUNCATE and DELETE orphan them. Each one that is unlinked takes an entry of
// the server's lock table until the transaction ends (10,000 worked with default settings, 15,000 did not: POSTGRES.md).
// So a part goes with the transaction; the rest is noted in resetctl.large_object by it, and goes in batches after the commit.

// The plan's large_objects, with their numbers; PRIVILEGE_MISSING as a warning where some belong to other roles.
absl::Status CountLargeObjects(Session& session, const TableIndex& index, const ClearPlan& plan,
                               v1::PlanDocument* document);

// Before the clear: notes what the cleared rows name and no kept row of a known column does.
absl::Status CollectLargeObjects(RunContext& run);
// After the clear: unlinks up to the lock budget. Fills large_objects_removed and large_objects_left.
absl::Status UnlinkLargeObjects(RunContext& run);

// After the commit, in transactions of its own: unlinks what is noted for the run. May be repeated. The number removed.
absl::StatusOr<int64_t> RemoveNotedLargeObjects(Session& session, absl::string_view run_id);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_LARGE_OBJECTS_H_

#ifndef RESETCTL_AGENT_POSTGRES_LATE_ROWS_H_
#define RESETCTL_AGENT_POSTGRES_LATE_ROWS_H_

#include <cstdint>
#include <map>

#include "absl/status/statusor.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// Writers that waited for our locks go on right after the commit. Their rows are nobody's failure, but people who look at
// the database should know whose they are: what the transaction left behind is compared with what is there a moment later.
using RowsBehind = std::map<Oid, int64_t>;  // by cleared root; those that are not empty

// Before the commit, under the locks.
absl::StatusOr<RowsBehind> CountBehind(RunContext& run);

// What it means for people: run.result's refilled tables, five of them by name.
void SummarizeBehind(RunContext& run, const RowsBehind& behind);

// After the commit, in a transaction with a new snapshot. Fills result->late_rows.
absl::Status FindLateRows(RunContext& run, const RowsBehind& behind, v1::RunResult* result);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_LATE_ROWS_H_

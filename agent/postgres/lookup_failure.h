#ifndef RESETCTL_AGENT_POSTGRES_LOOKUP_FAILURE_H_
#define RESETCTL_AGENT_POSTGRES_LOOKUP_FAILURE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "agent/domain/lookup_plan.h"
#include "agent/postgres/record_source.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

struct Mismatch {
  int64_t record = 0;
  int64_t matches = 0;  // rows that have its key; -1: half of a key is missing
  int64_t more = 0;     // further records with such a key
};

// Why a record's reference does not lead to exactly one row: the source's reason, the key's place in the user's file, and its
// value as it stands there. What the database holds is not quoted: a hint comes from the bundle's own files alone.
absl::Status LookupFailure(RunContext& run, const RecordSource& source, const PlannedLookup& lookup,
                           const Mismatch& mismatch);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_LOOKUP_FAILURE_H_

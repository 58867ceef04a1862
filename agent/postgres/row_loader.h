#ifndef RESETCTL_AGENT_POSTGRES_ROW_LOADER_H_
#define RESETCTL_AGENT_POSTGRES_ROW_LOADER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "agent/domain/catalog.h"
#include "agent/postgres/run_context.h"
#include "proto/contract/blueprint.h"

namespace resetctl::agent {

// Rows of a blueprint or a CSV file into `table`, by COPY: typed by the catalog, identity columns GENERATED ALWAYS take the
// given values, an absent column its default. References given by natural key are looked up (row_staging.h). The number of
// rows is what the server counted, and must be what the file holds: a trigger that swallows rows is an error.
//
// Data goes in chunks, with progress and a look at a cancel after each. Errors carry the user's file, line and, where it is
// known, column: for a COPY that the server says where, otherwise by finding the record (RowStaging::FindRecord).
// The search path is the blueprint's when it begins, and not to be relied on afterwards.
absl::StatusOr<int64_t> LoadRows(RunContext& run, const Relation& table,
                                 const contract::RowsStep& step, StepNotes& notes);
absl::StatusOr<int64_t> LoadCsv(RunContext& run, const Relation& table,
                                const contract::CsvStep& step, StepNotes& notes);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_ROW_LOADER_H_

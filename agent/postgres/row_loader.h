#ifndef RESETCTL_AGENT_POSTGRES_ROW_LOADER_H_
#define RESETCTL_AGENT_POSTGRES_ROW_LOADER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "agent/domain/catalog.h"
#include "agent/postgres/run_context.h"
#include "proto/contract/blueprint.h"

namespace resetctl::agent {

// Rows of a blueprint or a CSV file into `table`, by COPY: typed by the catalog, identity columns GENERATED ALWAYS take the
// given values, an absent column its default. The number of rows is what the server counted, and must be what the file
// holds: a trigger that swallows rows is an error. Errors carry file and line. The search path is the caller's business.
absl::StatusOr<int64_t> LoadRows(RunContext& run, const Relation& table,
                                 const contract::RecreateStepSpec& spec,
                                 const contract::RowsStep& step);
absl::StatusOr<int64_t> LoadCsv(RunContext& run, const Relation& table,
                                const contract::CsvStep& step);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_ROW_LOADER_H_

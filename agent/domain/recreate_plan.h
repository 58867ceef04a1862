#ifndef RESETCTL_AGENT_DOMAIN_RECREATE_PLAN_H_
#define RESETCTL_AGENT_DOMAIN_RECREATE_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "proto/contract/bundle.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// The outline of a CSV file as COPY reads it (RFC 4180 quotes): its header, and how many records follow.
struct CsvShape {
  std::vector<std::string> columns;
  int64_t rows = 0;
  bool quote_left_open = false;
};
CsvShape ReadCsvShape(absl::string_view text);

// Column names of a table (of its root, for a partition), sorted; from the fingerprint's lines. Empty when it has none there.
std::vector<std::string> ColumnsOf(const TableIndex& index, Oid table);

// The plan's lines for the recreate steps: one for each step, in order, `set` left to the caller. Checks what can be known
// before the run: the columns that rows and CSV files name exist (BLUEPRINT_INVALID, CSV_INVALID), files are not empty.
std::vector<v1::RecreateStep> DescribeSteps(const TableIndex& index, const ClearPlan& plan,
                                            const std::vector<contract::RecreateStepSpec>& steps,
                                            const contract::BundleFiles& bundle,
                                            std::vector<v1::Problem>* problems);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_RECREATE_PLAN_H_

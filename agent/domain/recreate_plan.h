#ifndef RESETCTL_AGENT_DOMAIN_RECREATE_PLAN_H_
#define RESETCTL_AGENT_DOMAIN_RECREATE_PLAN_H_

#include <vector>

#include "agent/domain/clear_plan.h"
#include "agent/domain/columns.h"
#include "agent/domain/table_index.h"
#include "proto/contract/bundle.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// Whose columns DescribeSteps asks for: the tables that rows and csv steps fill, and those that their lookups read.
std::vector<Oid> TablesOfSteps(const TableIndex& index, const ClearPlan& plan,
                               const std::vector<contract::RecreateStepSpec>& steps);

// The plan's lines for the recreate steps: one for each step, in order, `set` left to the caller. Checks what can be known
// before the run: the columns that rows and CSV files name exist and take values (BLUEPRINT_INVALID, CSV_INVALID), files are
// not empty, lookups lead somewhere (PlanLookups).
std::vector<v1::RecreateStep> DescribeSteps(const TableIndex& index, const ClearPlan& plan,
                                            const std::vector<contract::RecreateStepSpec>& steps,
                                            const contract::BundleFiles& bundle,
                                            const ColumnsByTable& columns,
                                            std::vector<v1::Problem>* problems);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_RECREATE_PLAN_H_

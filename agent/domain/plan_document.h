#ifndef RESETCTL_AGENT_DOMAIN_PLAN_DOCUMENT_H_
#define RESETCTL_AGENT_DOMAIN_PLAN_DOCUMENT_H_

#include <map>

#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::agent {

// What a ClearPlan means, in the words of the document that people read and approve: schema_*, groups, kept,
// out_of_scope_schemas, sequences, shared_sequences, materialized_views, side_effects, creates_resetctl_schema, totals and
// the forecast (without `lock_room`, which is the server's). A table without a count is `uncountable`, never 0.
void DescribeClearPlan(const TableIndex& index, const contract::Blueprint& blueprint,
                       const ClearPlan& plan, const CountedRows& counted,
                       v1::PlanDocument* document);

// The strategies that a plan announced, by table: what the run carries out.
std::map<Oid, ClearStrategy> PlannedStrategies(const v1::PlanDocument& plan);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_PLAN_DOCUMENT_H_

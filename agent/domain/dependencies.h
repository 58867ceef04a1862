#ifndef RESETCTL_AGENT_DOMAIN_DEPENDENCIES_H_
#define RESETCTL_AGENT_DOMAIN_DEPENDENCIES_H_

#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"

namespace resetctl::agent {

// What hangs on the cleared tables; each reads plan->cleared and adds its own list and problems.

// A foreign key from a table that stays into one that is cleared: TRUNCATE refuses it, even where
// the kept table is empty.
void CheckReferences(const TableIndex& index, const CountedRows& counted, ClearPlan* plan);

// Sequences of cleared tables start again, and so do unowned ones that only cleared tables use. One
// that a kept table uses too would hand out numbers that the kept table has: refused.
void PlanSequences(const TableIndex& index, ClearPlan* plan);

// Materialized views hold copies of the cleared rows: refreshed, the ones that others read first.
// Also those that read tables which recreate steps write.
void PlanViews(const TableIndex& index, ClearPlan* plan);

// Triggers and rules that will run.
void ListSideEffects(const TableIndex& index, const std::vector<contract::RecreateStepSpec>& steps,
                     ClearPlan* plan);

// What our role lacks, with the GRANT that would help.
void CheckPrivileges(const TableIndex& index, ClearPlan* plan);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_DEPENDENCIES_H_

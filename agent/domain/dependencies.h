#ifndef RESETCTL_AGENT_DOMAIN_DEPENDENCIES_H_
#define RESETCTL_AGENT_DOMAIN_DEPENDENCIES_H_

#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"

namespace resetctl::agent {

// What hangs on the cleared tables; each reads plan->cleared and adds its own list and problems.

// A foreign key from a table that stays into one that is cleared: TRUNCATE refuses it, even where
// the kept table is empty. Allowed by `kept_references: when_null` while no kept row uses it: then
// the cleared table is deleted from.
void CheckReferences(const TableIndex& index, const contract::Blueprint& blueprint,
                     const CountedRows& counted, ClearPlan* plan);

// Sequences of cleared tables start again, and so do unowned ones that only cleared tables use. One
// that a kept table uses too would hand out numbers that the kept table has: refused.
void PlanSequences(const TableIndex& index, const contract::Blueprint& blueprint, ClearPlan* plan);

// A kept table that was once part of a cleared tree: people forget that its rows stay.
void WarnOfDetachedPartitions(const TableIndex& index, ClearPlan* plan);

// Columns whose values are large objects: those of type lo, and those that the blueprint declares.
void PlanLargeObjects(const TableIndex& index, const contract::Blueprint& blueprint,
                      ClearPlan* plan);

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

#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "agent/domain/dependencies.h"
#include "agent/domain/table_patterns.h"

namespace resetctl::agent {
void PlanViews(const TableIndex& index, ClearPlan* plan) {
  std::set<Oid> changed = plan->cleared;
  for (const PlannedStep& step : plan->steps) {
    if (step.table != 0) changed.insert(step.table);
    changed.insert(step.writes.begin(), step.writes.end());
  }
  // Reading a table also reads what inherits from it, and what it is a partition of reads it.
  std::vector<Oid> work(changed.begin(), changed.end());
  while (!work.empty()) {
    const Relation* relation = index.Find(work.back());
    work.pop_back();
    if (relation == nullptr) continue;
    std::vector<Oid> parents = relation->inherits;
    if (relation->partition_parent != 0) parents.push_back(relation->partition_parent);
    for (const Oid parent : parents) {
      if (changed.insert(parent).second) work.push_back(parent);
    }
  }
  std::map<Oid, const MaterializedView*> views;
  std::map<Oid, std::vector<Oid>> readers;  // of a relation: the views that read it
  for (const MaterializedView& view : index.catalog().materialized_views) {
    if (index.Find(view.oid) == nullptr) continue;
    views[view.oid] = &view;
    for (const Oid read : view.reads) readers[read].push_back(view.oid);
  }
  std::set<Oid> stale;
  work.assign(changed.begin(), changed.end());
  while (!work.empty()) {
    const Oid relation = work.back();
    work.pop_back();
    for (const Oid view : readers[relation]) {
      if (stale.insert(view).second) work.push_back(view);
    }
  }
  std::vector<Oid> selected;
  for (const Oid oid : stale) {
    if (views[oid]->populated) selected.push_back(oid);
  }
  index.SortByName(&selected);
  std::set<Oid> refreshed;
  for (const Oid oid : selected) {
    const Relation& relation = *index.Find(oid);
    const std::string name = index.Name(relation);
    if (!index.InScope(relation.schema)) {
      plan->warnings.push_back(
          ProblemAbout(v1::REASON_UNSPECIFIED, name,
                       absl::StrCat("Materialized view ", name,
                                    " is out of scope and goes on showing the old rows."),
                       "Add its schema to `schemas`, or refresh it afterwards."));
    } else if (!views[oid]->owned) {
      plan->problems.push_back(
          ProblemAbout(v1::REASON_PRIVILEGE_MISSING, name,
                       absl::StrCat("Materialized view ", name,
                                    " shows rows of cleared tables and belongs to "
                                    "another role, who alone can refresh it."),
                       "Let the agent's role own it, or be a member of its owner."));
    } else {
      refreshed.insert(oid);
    }
  }
  // Kahn's order; among the ready ones, the first by name.
  const auto before = [&index](Oid a, Oid b) {
    const Relation& x = *index.Find(a);
    const Relation& y = *index.Find(b);
    return std::tie(x.schema, x.name, x.oid) < std::tie(y.schema, y.name, y.oid);
  };
  std::map<Oid, int> waits;
  std::set<Oid, decltype(before)> ready(before);
  for (const Oid oid : refreshed) {
    std::set<Oid> reads(views[oid]->reads.begin(), views[oid]->reads.end());
    int count = 0;
    for (const Oid read : reads) count += read != oid && refreshed.count(read) > 0 ? 1 : 0;
    waits[oid] = count;
    if (count == 0) ready.insert(oid);
  }
  while (!ready.empty()) {
    const Oid next = *ready.begin();
    ready.erase(ready.begin());
    plan->refreshed_views.push_back(next);
    const std::set<Oid> dependents(readers[next].begin(), readers[next].end());
    for (const Oid view : dependents) {
      if (view != next && refreshed.count(view) > 0 && --waits[view] == 0) ready.insert(view);
    }
  }
}

}  // namespace resetctl::agent

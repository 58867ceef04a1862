#include "agent/domain/dependencies.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/domain/names.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

v1::Problem About(v1::Reason reason, const std::string& object, absl::string_view what,
                  absl::string_view advice) {
  v1::Problem problem = contract::MakeProblem(reason, what, advice);
  problem.add_objects(object);
  return problem;
}

std::string ColumnsOf(const std::string& table, const std::vector<std::string>& columns) {
  if (columns.empty()) return table;
  std::vector<std::string> names;
  for (const std::string& column : columns) names.push_back(BlueprintName(column));
  return names.size() == 1 ? absl::StrCat(table, ".", names[0])
                           : absl::StrCat(table, ".(", absl::StrJoin(names, ", "), ")");
}

v1::Problem KeptReference(const TableIndex& index, const ForeignKey& key,
                          const CountedRows& counted) {
  const std::string from = index.Name(index.RootOf(key.from));
  const std::string to = index.Name(index.RootOf(key.to));
  const std::string arrow = absl::StrCat(ColumnsOf(index.Name(key.from), key.from_columns), " -> ",
                                         ColumnsOf(index.Name(key.to), key.to_columns));
  const auto rows = counted.references.find(key.oid);
  std::string effect;
  if (rows == counted.references.end()) {
    effect = "its rows would point to nothing";
  } else if (rows->second == 0) {
    effect = "no kept row points there now, but PostgreSQL refuses to truncate a referenced table";
  } else {
    effect = absl::StrCat(WithThousands(rows->second), " kept ", rows->second == 1 ? "row" : "rows",
                          " would point to nothing");
  }
  v1::Problem problem = About(v1::REASON_KEPT_REFERENCES_CLEARED, arrow,
                              absl::StrCat(from, " is kept and references ", to,
                                           ", which would be cleared (", arrow, "): ", effect, "."),
                              absl::StrCat("Clear ", from, " too, or keep ", to, "."));
  problem.add_objects(from);
  problem.add_objects(to);
  problem.add_objects(key.name);
  return problem;
}

}  // namespace

void CheckReferences(const TableIndex& index, const CountedRows& counted, ClearPlan* plan) {
  std::set<Oid> undecided;  // their own problem comes first
  for (const Relation* table : index.tables()) undecided.insert(table->oid);
  for (const Oid oid : plan->cleared) undecided.erase(oid);
  for (const PlannedKeep& keep : plan->kept) {
    for (const Oid oid : index.TreeOf(keep.table)) undecided.erase(oid);
  }
  std::vector<std::tuple<std::string, std::string, const ForeignKey*>> bad;
  for (const ForeignKey& key : index.catalog().foreign_keys) {
    if (!plan->IsCleared(key.to) || plan->IsCleared(key.from)) continue;
    if (undecided.count(key.from) > 0 || index.Find(key.from) == nullptr) continue;
    bad.emplace_back(index.Name(key.from), key.name, &key);
  }
  std::sort(bad.begin(), bad.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a), std::get<2>(a)->oid) <
           std::tie(std::get<0>(b), std::get<1>(b), std::get<2>(b)->oid);
  });
  for (const auto& [from, name, key] : bad) {
    plan->kept_references.push_back(key->oid);
    plan->problems.push_back(KeptReference(index, *key, counted));
  }
}

void PlanSequences(const TableIndex& index, ClearPlan* plan) {
  std::map<Oid, const Sequence*> by_oid;
  std::vector<Oid> order;
  for (const Sequence& sequence : index.catalog().sequences) {
    if (index.Find(sequence.oid) == nullptr) continue;
    by_oid[sequence.oid] = &sequence;
    order.push_back(sequence.oid);
  }
  index.SortByName(&order);
  for (const Oid oid : order) {
    const Sequence& sequence = *by_oid[oid];
    std::vector<Oid> users = sequence.used_by;
    if (sequence.owner_table != 0) users.push_back(sequence.owner_table);
    std::set<Oid> cleared, kept;
    for (const Oid user : users) {
      if (index.Find(user) == nullptr) continue;
      (plan->IsCleared(user) ? cleared : kept).insert(index.RootOf(user));
    }
    if (cleared.empty()) continue;
    const Relation& relation = *index.Find(oid);
    const std::string name = index.Name(relation);
    if (!kept.empty()) {
      std::vector<Oid> cleared_list(cleared.begin(), cleared.end());
      std::vector<Oid> kept_list(kept.begin(), kept.end());
      index.SortByName(&cleared_list);
      index.SortByName(&kept_list);
      std::vector<std::string> a, b;
      for (const Oid table : cleared_list) a.push_back(index.Name(table));
      for (const Oid table : kept_list) b.push_back(index.Name(table));
      v1::Problem problem = About(
          v1::REASON_SEQUENCE_SHARED, name,
          absl::StrCat("Sequence ", name, " numbers ", Join(a), ", to be cleared, and ", Join(b),
                       ", which stays: started again, it would repeat numbers that are in use."),
          absl::StrCat("Clear ", Join(b), " too, or keep ", Join(a),
                       ", or give each a sequence of its own."));
      for (const std::string& table : a) problem.add_objects(table);
      for (const std::string& table : b) problem.add_objects(table);
      plan->problems.push_back(std::move(problem));
      continue;
    }
    if (!index.InScope(relation.schema)) {
      plan->warnings.push_back(
          About(v1::REASON_UNSPECIFIED, name,
                absl::StrCat("Sequence ", name, " is out of scope and goes on counting."),
                "Add its schema to `schemas` if it should start again."));
    } else if (!sequence.owned) {
      plan->warnings.push_back(
          About(v1::REASON_PRIVILEGE_MISSING, name,
                absl::StrCat("Sequence ", name, " belongs to another role and goes on counting."),
                "Only its owner can start it again."));
    } else {
      plan->restarted_sequences.push_back(oid);
    }
  }
}

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
          About(v1::REASON_UNSPECIFIED, name,
                absl::StrCat("Materialized view ", name,
                             " is out of scope and goes on showing the old rows."),
                "Add its schema to `schemas`, or refresh it afterwards."));
    } else if (!views[oid]->owned) {
      plan->problems.push_back(About(v1::REASON_PRIVILEGE_MISSING, name,
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

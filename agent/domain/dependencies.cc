#include "agent/domain/dependencies.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/domain/names.h"
#include "agent/domain/table_patterns.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

std::string Qualified(const std::string& table, const std::vector<std::string>& columns) {
  if (columns.empty()) return table;
  std::vector<std::string> names;
  for (const std::string& column : columns) names.push_back(BlueprintName(column));
  return names.size() == 1 ? absl::StrCat(table, ".", names[0])
                           : absl::StrCat(table, ".(", absl::StrJoin(names, ", "), ")");
}

v1::Problem KeptReference(const TableIndex& index, const ForeignKey& key,
                          const CountedRows& counted, bool null_allowed) {
  const std::string from = index.Name(index.RootOf(key.from));
  const std::string to = index.Name(index.RootOf(key.to));
  const std::string arrow = absl::StrCat(Qualified(index.Name(key.from), key.from_columns), " -> ",
                                         Qualified(index.Name(key.to), key.to_columns));
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
  v1::Problem problem = ProblemAbout(
      v1::REASON_KEPT_REFERENCES_CLEARED, arrow,
      absl::StrCat(from, " is kept and references ", to, ", which would be cleared (", arrow,
                   "): ", effect, "."),
      absl::StrCat("Clear ", from, " too, or keep ", to,
                   null_allowed || effect[0] != 'n' ? "."
                                                    : ", or say `kept_references: when_null`: then "
                                                      "the rows are deleted instead."));
  problem.add_objects(from);
  problem.add_objects(to);
  problem.add_objects(key.name);
  return problem;
}

// Which objects go is told by reading both: what the cleared rows name, and what the kept ones still do.
void RefuseHiddenLargeObjects(const TableIndex& index,
                              const std::vector<LargeObjectColumn>& columns, absl::string_view fate,
                              std::vector<v1::Problem>* problems) {
  for (const LargeObjectColumn& column : columns) {
    if (index.IsCountable(column.table)) continue;
    const std::string name = index.Name(column.table);
    problems->push_back(ProblemAbout(
        v1::REASON_PRIVILEGE_MISSING, name,
        absl::StrCat(name, ".", BlueprintName(column.column),
                     " names large objects, and rows of the table, ", fate,
                     ", cannot be read: nobody could tell which objects are still in use."),
        absl::StrCat("Grant SELECT on ", name, " to ", index.catalog().role,
                     ", and rows that row security does not hide.")));
  }
}

}  // namespace

void CheckReferences(const TableIndex& index, const contract::Blueprint& blueprint,
                     const CountedRows& counted, ClearPlan* plan) {
  const bool null_allowed = blueprint.kept_references == contract::KeptReferences::kWhenNull;
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
    const auto rows = counted.references.find(key->oid);
    const bool used = rows != counted.references.end() && rows->second > 0;
    if (null_allowed && !used && index.IsCountable(key->from)) {
      plan->null_references.push_back(key->oid);
    } else {
      plan->problems.push_back(KeptReference(index, *key, counted, null_allowed));
    }
  }
}

void PlanSequences(const TableIndex& index, const contract::Blueprint& blueprint, ClearPlan* plan) {
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
    if (!kept.empty() && blueprint.shared_sequences == contract::SharedSequences::kLeave) {
      plan->shared_sequences.push_back(oid);
      continue;
    }
    if (!kept.empty()) {
      std::vector<Oid> cleared_list(cleared.begin(), cleared.end());
      std::vector<Oid> kept_list(kept.begin(), kept.end());
      index.SortByName(&cleared_list);
      index.SortByName(&kept_list);
      std::vector<std::string> a, b;
      for (const Oid table : cleared_list) a.push_back(index.Name(table));
      for (const Oid table : kept_list) b.push_back(index.Name(table));
      v1::Problem problem = ProblemAbout(
          v1::REASON_SEQUENCE_SHARED, name,
          absl::StrCat("Sequence ", name, " numbers ", Join(a), ", to be cleared, and ", Join(b),
                       ", which stays: started again, it would repeat numbers that are in use."),
          absl::StrCat("Clear ", Join(b), " too, or keep ", Join(a),
                       ", or say `shared_sequences: leave`: then it goes on counting."));
      for (const std::string& table : a) problem.add_objects(table);
      for (const std::string& table : b) problem.add_objects(table);
      plan->problems.push_back(std::move(problem));
      continue;
    }
    if (!index.InScope(relation.schema)) {
      plan->warnings.push_back(
          ProblemAbout(v1::REASON_UNSPECIFIED, name,
                       absl::StrCat("Sequence ", name, " is out of scope and goes on counting."),
                       "Add its schema to `schemas` if it should start again."));
    } else if (!sequence.owned) {
      plan->warnings.push_back(ProblemAbout(
          v1::REASON_PRIVILEGE_MISSING, name,
          absl::StrCat("Sequence ", name, " belongs to another role and goes on counting."),
          "Only its owner can start it again."));
    } else {
      plan->restarted_sequences.push_back(oid);
    }
  }
}

void WarnOfDetachedPartitions(const TableIndex& index, ClearPlan* plan) {
  for (const Oid root : plan->cleared_roots) {
    const Relation& tree = *index.Find(root);
    if (tree.kind != RelationKind::kPartitioned) continue;
    for (const PlannedKeep& keep : plan->kept) {
      const Relation& table = *index.Find(keep.table);
      if (table.kind == RelationKind::kTable && table.schema == tree.schema &&
          absl::StartsWith(table.name, absl::StrCat(tree.name, "_")) &&
          index.ColumnsOf(table.oid) == index.ColumnsOf(root)) {
        plan->warnings.push_back(
            ProblemAbout(v1::REASON_UNSPECIFIED, index.Name(table),
                         absl::StrCat(index.Name(table), " looks like a detached partition of ",
                                      index.Name(tree), ": it is kept, with its rows."),
                         "Attach it again, or list it under `clear`, if its rows should go."));
      }
    }
  }
}

void PlanLargeObjects(const TableIndex& index, const contract::Blueprint& blueprint,
                      ClearPlan* plan) {
  std::vector<LargeObjectColumn> columns = index.catalog().large_objects;
  for (const contract::LargeObjectSpec& spec : blueprint.large_objects) {
    for (const Relation* table : TablesNamedBy(index, spec.table, &plan->problems)) {
      const std::vector<std::string> there = index.ColumnsOf(table->oid);
      if (std::count(there.begin(), there.end(), spec.column) > 0) {
        columns.push_back({table->oid, spec.column});
        continue;
      }
      plan->problems.push_back(ProblemAt(
          spec.table.location, v1::REASON_BLUEPRINT_INVALID,
          absl::StrCat(index.Name(*table), " has no column ", BlueprintName(spec.column), "."),
          "Mend the name under `large_objects`."));
    }
  }
  std::set<std::pair<Oid, std::string>> seen;
  for (const LargeObjectColumn& column : columns) {
    // The rows of a partition are its root's.
    const Oid root = index.RootOf(column.table);
    if (!seen.emplace(root, column.column).second) continue;
    const bool cleared = plan->IsCleared(column.table);
    (cleared ? plan->large_objects : plan->kept_large_objects).push_back({root, column.column});
  }
  if (!plan->large_objects.empty()) {
    RefuseHiddenLargeObjects(index, plan->large_objects, "to be cleared", &plan->problems);
    RefuseHiddenLargeObjects(index, plan->kept_large_objects, "kept", &plan->problems);
  }
  std::sort(plan->large_objects.begin(), plan->large_objects.end(),
            [&index](const LargeObjectColumn& a, const LargeObjectColumn& b) {
              return std::make_pair(index.Name(a.table), a.column) <
                     std::make_pair(index.Name(b.table), b.column);
            });
}

}  // namespace resetctl::agent

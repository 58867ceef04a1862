#include "agent/domain/clear_plan.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "agent/domain/dependencies.h"
#include "agent/domain/names.h"
#include "agent/domain/table_index.h"
#include "agent/domain/table_lists.h"
#include "agent/domain/table_patterns.h"
#include "proto/base/closest.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

void CheckSchemas(const Catalog& catalog, const contract::Blueprint& blueprint, ClearPlan* plan) {
  const std::set<std::string> there(catalog.schemas.begin(), catalog.schemas.end());
  const std::set<std::string> scope(blueprint.schemas.begin(), blueprint.schemas.end());
  for (const std::string& schema : scope) {
    v1::Problem problem;
    if (schema == catalog.own_schema) {
      problem = contract::MakeProblem(
          v1::REASON_UNSUPPORTED_RELATION,
          absl::StrCat("Schema ", schema, " holds the record of all resets and is never in scope."),
          "Take it out of `schemas`.");
    } else if (there.count(schema) == 0) {
      const std::string hint = base::DidYouMean(schema, catalog.schemas);
      problem = contract::MakeProblem(
          v1::REASON_NO_SUCH_SCHEMA,
          absl::StrCat("There is no schema ", BlueprintName(schema), " in this database."),
          hint.empty() ? "Mend `schemas`, or check that this is the right database." : hint);
    } else {
      continue;
    }
    problem.add_objects(BlueprintName(schema));
    plan->problems.push_back(std::move(problem));
  }
  for (const std::string& schema : there) {
    if (scope.count(schema) == 0 && schema != catalog.own_schema)
      plan->out_of_scope.push_back(schema);
  }
}

const contract::TablePattern* TableOf(const contract::RecreateStepSpec& step) {
  if (const auto* rows = std::get_if<contract::RowsStep>(&step.what)) return &rows->table;
  if (const auto* csv = std::get_if<contract::CsvStep>(&step.what)) return &csv->table;
  return nullptr;
}

// Refused where it can be seen: TRUST.md §5.
void RefuseForeign(const TableIndex& index, const contract::RecreateStepSpec& step,
                   const Relation& table, ClearPlan* plan) {
  const std::vector<Oid> tree = index.TreeOf(table.oid);
  const auto foreign = std::find_if(tree.begin(), tree.end(), [&index](Oid oid) {
    return index.Find(oid)->kind == RelationKind::kForeign;
  });
  if (foreign == tree.end()) return;
  plan->problems.push_back(ProblemAt(
      step.location, v1::REASON_UNSUPPORTED_RELATION,
      absl::StrCat("Recreate step '", step.name, "' writes to the foreign table ",
                   index.Name(*foreign),
                   ": its rows are in another server, where no rollback of ours reaches."),
      "Take it out of the step, and write to it where it lives."));
  plan->problems.back().add_objects(index.Name(*foreign));
}

// What the recreate steps write to exists, is ours to roll back, and is cleared or said to be written to.
void ResolveSteps(const TableIndex& index, const std::vector<contract::RecreateStepSpec>& steps,
                  ClearPlan* plan) {
  for (const contract::RecreateStepSpec& step : steps) {
    PlannedStep planned;
    std::set<Oid> writes;
    for (const contract::TablePattern& pattern : step.writes) {
      for (const Relation* table : TablesNamedBy(index, pattern, &plan->problems)) {
        const Oid root = index.RootOf(table->oid);
        if (!writes.insert(root).second) continue;
        planned.writes.push_back(root);
        RefuseForeign(index, step, *index.Find(root), plan);
      }
    }
    for (PlannedKeep& keep : plan->kept) {
      if (writes.count(keep.table) > 0) keep.writes_declared = true;
    }
    if (const contract::TablePattern* pattern = TableOf(step)) {
      const std::vector<const Relation*> found = TablesNamedBy(index, *pattern, &plan->problems);
      if (found.size() == 1) {
        planned.table = found[0]->oid;
        const Oid root = index.RootOf(planned.table);
        if (writes.count(root) == 0) RefuseForeign(index, step, *found[0], plan);
        const bool kept =
            std::any_of(plan->kept.begin(), plan->kept.end(),
                        [root](const PlannedKeep& keep) { return keep.table == root; });
        if (kept && writes.count(root) == 0) {
          plan->problems.push_back(
              ProblemAt(step.location, v1::REASON_KEPT_TABLE_TOUCHED,
                        absl::StrCat("Recreate step '", step.name, "' writes to ", index.Name(root),
                                     ", which is kept."),
                        absl::StrCat("Add `writes: ", YamlList({index.Name(root)}),
                                     "` to the step, or clear the table.")));
          plan->problems.back().add_objects(index.Name(root));
        }
      } else if (pattern->optional || found.size() > 1) {
        plan->problems.push_back(
            ProblemAt(step.location, v1::REASON_NO_SUCH_TABLE,
                      absl::StrCat("Recreate step '", step.name,
                                   "' must name exactly one table, not ", pattern->text, "."),
                      "Write the table's name."));
      }
    }
    plan->steps.push_back(std::move(planned));
  }
}

}  // namespace

ClearPlan PlanClear(const Catalog& catalog, const contract::Blueprint& blueprint,
                    const std::vector<contract::RecreateStepSpec>& steps,
                    const CountedRows& counted) {
  ClearPlan plan;
  const TableIndex index(catalog, blueprint);
  for (const std::string& subscription : catalog.subscriptions) {
    plan.problems.push_back(contract::MakeProblem(
        v1::REASON_UNSUPPORTED_RELATION,
        absl::StrCat("This database subscribes to another one (", subscription,
                     "), whose rows would come back or make replication fail."),
        "Reset the publisher, or drop the subscription first."));
    plan.problems.back().add_objects(subscription);
  }
  CheckSchemas(catalog, blueprint, &plan);
  ListTables(index, blueprint, counted, &plan);
  ResolveSteps(index, steps, &plan);
  CheckReferences(index, blueprint, counted, &plan);
  PlanSequences(index, blueprint, &plan);
  WarnOfDetachedPartitions(index, &plan);
  PlanLargeObjects(index, blueprint, &plan);
  PlanViews(index, &plan);
  ChooseStrategies(index, counted, &plan);
  ListSideEffects(index, steps, &plan);
  CheckPrivileges(index, &plan);
  if (plan.cleared.empty() && plan.problems.empty()) {
    plan.problems.push_back(contract::MakeProblem(
        v1::REASON_NOTHING_TO_CLEAR, "The blueprint clears no table of this database.",
        "Check that this is the right database, and the names under `clear` and `optional`."));
  }
  return plan;
}

}  // namespace resetctl::agent

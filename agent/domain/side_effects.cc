#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/domain/dependencies.h"
#include "agent/domain/names.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

using Fired = std::set<std::pair<std::string, std::string>>;  // trigger and table

// One line for people: a single trigger by its name, several by their number; `objects` name each, and
// a client leaves out those that the text names.
void AddTriggers(const Fired& fired, absl::string_view when, ClearPlan* plan) {
  if (fired.empty()) return;
  PlannedSideEffect effect;
  for (const auto& [trigger, table] : fired) {
    effect.objects.push_back(absl::StrCat(trigger, " on ", table));
  }
  effect.text = fired.size() == 1 ? absl::StrCat("trigger ", effect.objects[0], " fires ", when)
                                  : absl::StrCat(fired.size(), " triggers fire ", when);
  plan->side_effects.push_back(std::move(effect));
}

bool Fires(const Trigger& trigger) { return trigger.enabled == 'O' || trigger.enabled == 'A'; }

}  // namespace

void ListSideEffects(const TableIndex& index, const std::vector<contract::RecreateStepSpec>& steps,
                     ClearPlan* plan) {
  bool sql = false;
  std::set<Oid> filled;  // by rows and csv: certain
  for (size_t i = 0; i < steps.size(); ++i) {
    sql = sql || std::holds_alternative<contract::SqlStep>(steps[i].what);
    if (plan->steps[i].table == 0) continue;
    for (const Oid oid : index.TreeOf(plan->steps[i].table)) filled.insert(oid);
  }
  Fired on_truncate, on_delete, on_fill, on_sql;
  for (const Trigger& trigger : index.catalog().triggers) {
    if (!Fires(trigger) || index.Find(trigger.table) == nullptr) continue;
    const std::pair<std::string, std::string> line = {BlueprintName(trigger.name),
                                                      index.Name(trigger.table)};
    const auto strategy = plan->strategies.find(index.RootOf(trigger.table));
    if (strategy != plan->strategies.end()) {
      const ClearStrategy how = strategy->second.strategy;
      if (trigger.on_truncate && how == ClearStrategy::kTruncate) on_truncate.insert(line);
      if (trigger.on_delete && how == ClearStrategy::kDelete) on_delete.insert(line);
    }
    if (!trigger.on_insert) continue;
    if (filled.count(trigger.table) > 0) {
      on_fill.insert(line);
    } else if (sql && plan->IsCleared(trigger.table)) {
      on_sql.insert(line);
    }
  }
  AddTriggers(on_truncate, "on TRUNCATE", plan);
  AddTriggers(on_delete, "on DELETE", plan);
  AddTriggers(on_fill, "on recreate", plan);
  AddTriggers(on_sql, "if recreate SQL inserts there", plan);

  PlannedSideEffect rules;
  const std::set<std::string> with_rules(index.catalog().rules_on.begin(),
                                         index.catalog().rules_on.end());
  for (const Relation* table : index.tables()) {
    if (with_rules.count(table->quoted) > 0 &&
        (plan->IsCleared(table->oid) || filled.count(table->oid) > 0)) {
      rules.objects.push_back(index.Name(*table));
    }
  }
  if (!rules.objects.empty()) {
    rules.text =
        rules.objects.size() == 1
            ? absl::StrCat("rules rewrite INSERT or DELETE on ", rules.objects[0])
            : absl::StrCat("rules rewrite INSERT or DELETE on ", rules.objects.size(), " tables");
    plan->side_effects.push_back(std::move(rules));
  }
  if (!plan->refreshed_views.empty()) {
    PlannedSideEffect views;
    for (const Oid view : plan->refreshed_views) views.objects.push_back(index.Name(view));
    views.text = plan->refreshed_views.size() == 1
                     ? absl::StrCat("materialized view ", views.objects[0], " refreshed")
                     : absl::StrCat(views.objects.size(), " materialized views refreshed");
    plan->side_effects.push_back(std::move(views));
  }
}

void CheckPrivileges(const TableIndex& index, ClearPlan* plan) {
  std::map<Oid, std::set<std::string>> missing;
  std::set<std::string> schemas;
  for (const Oid root : plan->cleared_roots) {
    const Relation& table = *index.Find(root);
    if (!table.may_select) missing[root].insert("SELECT");
    const bool truncate = plan->strategies.at(root).strategy == ClearStrategy::kTruncate;
    if (truncate && !table.may_truncate) missing[root].insert("TRUNCATE");
    if (!truncate && !table.may_delete) missing[root].insert("DELETE");
    if (!table.schema_usage) schemas.insert(table.schema);
  }
  for (const PlannedStep& step : plan->steps) {
    if (step.table == 0) continue;
    const Relation& table = *index.Find(step.table);
    if (!table.may_insert) missing[step.table].insert("INSERT");
    if (!table.schema_usage) schemas.insert(table.schema);
  }
  const std::string role = QuoteForSql(index.catalog().role);
  for (const std::string& schema : schemas) {
    v1::Problem problem =
        contract::MakeProblem(v1::REASON_PRIVILEGE_MISSING,
                              absl::StrCat("Role ", index.catalog().role, " may not use schema ",
                                           BlueprintName(schema), "."),
                              absl::StrCat("As its owner: GRANT USAGE ON SCHEMA ",
                                           QuoteForSql(schema), " TO ", role, ";"));
    problem.add_objects(BlueprintName(schema));
    plan->problems.push_back(std::move(problem));
  }
  std::map<std::string, std::vector<Oid>> by_privileges;
  for (const auto& [oid, privileges] : missing) {
    by_privileges[absl::StrJoin(privileges, ", ")].push_back(oid);
  }
  for (auto& [privileges, tables] : by_privileges) {
    index.SortByName(&tables);
    std::vector<std::string> names, quoted;
    for (const Oid table : tables) {
      names.push_back(index.Name(table));
      quoted.push_back(index.Find(table)->quoted);
    }
    v1::Problem problem =
        contract::MakeProblem(v1::REASON_PRIVILEGE_MISSING,
                              absl::StrCat("Role ", index.catalog().role, " lacks ", privileges,
                                           " on ", Join(names), "."),
                              absl::StrCat("As their owner: GRANT ", privileges, " ON ",
                                           absl::StrJoin(quoted, ", "), " TO ", role, ";"));
    for (const std::string& name : names) problem.add_objects(name);
    plan->problems.push_back(std::move(problem));
  }
}

}  // namespace resetctl::agent

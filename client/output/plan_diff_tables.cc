#include <algorithm>
#include <cstdlib>
#include <utility>

#include "client/output/plan_diff_parts.h"
#include "client/output/plan_tables.h"
#include "client/output/text.h"
#include "proto/contract/schema_drift.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {
namespace {

DiffSection CompareSchemaObjects(const v1::PlanDocument& was, const v1::PlanDocument& now) {
  const auto objects = [](const v1::PlanDocument& document) {
    contract::SchemaObjects by_name;
    for (const auto& object : document.schema_objects()) {
      by_name[object.name()] = object.definition();
    }
    return by_name;
  };
  DiffSection section = {.name = "schema", .differences = {}};
  for (auto& each : contract::CompareSchemas(objects(was), objects(now))) {
    section.differences.push_back({std::move(each.name), std::move(each.was), std::move(each.now)});
  }
  return section;
}

using ClearTables = std::map<std::string, const v1::ClearTable*>;
ClearTables ClearedBy(const v1::PlanDocument& document) {
  ClearTables tables;
  for (const auto& group : document.groups()) {
    for (const auto& table : group.tables()) tables[QualifiedName(table)] = &table;
  }
  return tables;
}

Texts Lists(const v1::PlanDocument& document) {
  Texts texts;
  for (const auto& group : document.groups()) {
    for (const auto& table : group.tables()) {
      texts[QualifiedName(table)] = absl::StrCat("cleared, ", group.name());
    }
  }
  for (const auto& table : document.kept()) {
    texts[QualifiedName(table)] = absl::StrCat(
        "kept, ", table.why(), table.writes_declared() ? ", a recreate step writes to it" : "");
  }
  return texts;
}

// Tables that both plans clear; others are told by their lists.
DiffSection CompareStrategies(const ClearTables& was, const ClearTables& now) {
  DiffSection section = {.name = "how cleared", .differences = {}};
  for (const auto& [name, before] : was) {
    const auto after = now.find(name);
    if (after == now.end() || before->strategy() == after->second->strategy()) continue;
    section.differences.push_back({name, StrategyText(*before), StrategyText(*after->second)});
  }
  return section;
}

std::string Digits(const v1::ClearTable& table) {
  if (table.uncountable()) return "uncountable";
  return absl::StrCat(EstimateMark(table.estimated()), table.rows());
}

bool WorthReading(const v1::ClearTable& was, const v1::ClearTable& now) {
  static constexpr int64_t kRows = 1000;
  if (was.uncountable() || now.uncountable()) return was.uncountable() != now.uncountable();
  const int64_t change = std::llabs(now.rows() - was.rows());
  if (change == 0) return false;
  if (was.estimated() || now.estimated()) return change > was.rows() / 4;
  return was.rows() == 0 || now.rows() == 0 || change > kRows || change > was.rows() / 100;
}

DiffSection CompareRows(const ClearTables& was, const ClearTables& now) {
  std::vector<std::pair<int64_t, Difference>> found;
  for (const auto& [name, before] : was) {
    const auto after = now.find(name);
    if (after == now.end() || !WorthReading(*before, *after->second)) continue;
    found.push_back({std::llabs(after->second->rows() - before->rows()),
                     {name, Digits(*before), Digits(*after->second)}});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  DiffSection section = {.name = kRowsSection, .differences = {}};
  for (auto& [size, difference] : found) section.differences.push_back(std::move(difference));
  return section;
}

Texts Sequences(const v1::PlanDocument& document) {
  Texts texts;
  for (const auto& each : document.sequences()) texts[QualifiedName(each)] = "restarts";
  for (const auto& each : document.shared_sequences()) {
    texts[QualifiedName(each)] = "goes on counting, kept tables use it too";
  }
  for (const auto& each : document.large_objects()) {
    texts[absl::StrCat(each.table(), ".", each.column())] = "large objects, go with the rows";
  }
  return texts;
}

}  // namespace

std::vector<DiffSection> CompareTables(const v1::PlanDocument& was, const v1::PlanDocument& now) {
  const ClearTables cleared_then = ClearedBy(was);
  const ClearTables cleared_now = ClearedBy(now);
  return {CompareSchemaObjects(was, now), CompareTexts("tables", Lists(was), Lists(now)),
          CompareStrategies(cleared_then, cleared_now), CompareRows(cleared_then, cleared_now),
          CompareTexts("sequences", Sequences(was), Sequences(now))};
}

}  // namespace resetctl::client

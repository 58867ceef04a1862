#include "agent/domain/table_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/domain/names.h"
#include "proto/base/text.h"

namespace resetctl::agent {
namespace {

bool ByName(const Relation* a, const Relation* b) {
  return std::tie(a->schema, a->name, a->oid) < std::tie(b->schema, b->name, b->oid);
}

}  // namespace

TableIndex::TableIndex(const Catalog& catalog, const contract::Blueprint& blueprint)
    : catalog_(catalog), scope_(blueprint.schemas.begin(), blueprint.schemas.end()) {
  scope_.erase(catalog.own_schema);
  for (const auto& [oid, relation] : catalog.relations) {
    if (relation.partition_parent != 0) partitions_[relation.partition_parent].push_back(oid);
    if (scope_.count(relation.schema) == 0) continue;
    by_name_.emplace(relation.name, &relation);
    if (IsTable(relation)) tables_.push_back(&relation);
  }
  std::sort(tables_.begin(), tables_.end(), ByName);
}

bool TableIndex::InScope(absl::string_view schema) const {
  return scope_.count(base::Str(schema)) > 0;
}

std::vector<const Relation*> TableIndex::Named(absl::string_view name) const {
  std::vector<const Relation*> found;
  const auto range = by_name_.equal_range(base::Str(name));
  for (auto it = range.first; it != range.second; ++it) found.push_back(it->second);
  std::sort(found.begin(), found.end(), ByName);
  return found;
}

const Relation* TableIndex::Find(Oid oid) const {
  const auto found = catalog_.relations.find(oid);
  return found == catalog_.relations.end() ? nullptr : &found->second;
}

Oid TableIndex::RootOf(Oid oid) const {
  for (const Relation* relation = Find(oid); relation != nullptr; relation = Find(oid)) {
    if (relation->partition_parent == 0 || Find(relation->partition_parent) == nullptr) break;
    oid = relation->partition_parent;
  }
  return oid;
}

std::vector<Oid> TableIndex::TreeOf(Oid root) const {
  std::vector<Oid> tree = {root};
  for (size_t i = 0; i < tree.size(); ++i) {
    const auto children = partitions_.find(tree[i]);
    if (children == partitions_.end()) continue;
    tree.insert(tree.end(), children->second.begin(), children->second.end());
  }
  std::sort(tree.begin() + 1, tree.end(),
            [this](Oid a, Oid b) { return ByName(Find(a), Find(b)); });
  return tree;
}

bool TableIndex::IsCountable(Oid table) const {
  const Relation* relation = Find(table);
  if (relation == nullptr || !relation->may_select || !relation->schema_usage ||
      relation->row_security_hides) {
    return false;
  }
  const std::vector<Oid> tree = TreeOf(table);
  return std::none_of(tree.begin(), tree.end(),
                      [this](Oid member) { return Find(member)->kind == RelationKind::kForeign; });
}

std::vector<std::string> TableIndex::ColumnsOf(Oid table) const {
  const std::string prefix = absl::StrCat(Find(RootOf(table))->quoted, " column ");
  const std::vector<CatalogObject>& objects = catalog_.objects;
  auto at = std::lower_bound(
      objects.begin(), objects.end(), prefix,
      [](const CatalogObject& object, const std::string& name) { return object.name < name; });
  std::vector<std::string> columns;
  for (; at != objects.end() && absl::StartsWith(at->name, prefix); ++at) {
    std::string column = at->name.substr(prefix.size());
    if (column.size() > 1 && column[0] == '"') {
      column = absl::StrReplaceAll(column.substr(1, column.size() - 2), {{"\"\"", "\""}});
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

std::string TableIndex::Name(const Relation& relation) const {
  if (scope_.size() == 1 && InScope(relation.schema)) return BlueprintName(relation.name);
  return BlueprintName(relation.schema, relation.name);
}

std::string TableIndex::Name(Oid oid) const {
  const Relation* relation = Find(oid);
  return relation == nullptr ? std::string("?") : Name(*relation);
}

void TableIndex::SortByName(std::vector<Oid>* oids) const {
  std::sort(oids->begin(), oids->end(), [this](Oid a, Oid b) { return ByName(Find(a), Find(b)); });
}

}  // namespace resetctl::agent

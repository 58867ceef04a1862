#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "proto/contract/digest.h"

namespace resetctl::agent {
namespace {

// 'public.items' of 'public.items column sku'; names are quoted by the server, so a bare space ends
// them.
std::string RelationOf(const std::string& object) {
  bool quoted = false;
  for (size_t i = 0; i < object.size(); ++i) {
    if (object[i] == '"') quoted = !quoted;
    if (object[i] == ' ' && !quoted) return object.substr(0, i);
  }
  return object;
}

using ByName = std::map<std::string, std::string>;

ByName IndexOf(const std::vector<CatalogObject>& objects) {
  ByName index;
  for (const CatalogObject& object : objects) index[object.name] = object.definition;
  return index;
}

// A relation that came or went is one line, not one for each of its columns.
bool IsPartOf(const std::string& name, const std::set<std::string>& relations) {
  const std::string relation = RelationOf(name);
  return relation != name && relations.count(relation) > 0;
}

}  // namespace

std::vector<CatalogObject> FingerprintObjects(const Catalog& catalog,
                                              const contract::Blueprint& blueprint) {
  std::set<std::string> scope(blueprint.schemas.begin(), blueprint.schemas.end());
  scope.erase(kOwnSchema);
  std::vector<CatalogObject> objects;
  for (const CatalogObject& object : catalog.objects) {
    if (object.schema.empty() || scope.count(object.schema) > 0) objects.push_back(object);
  }
  std::sort(objects.begin(), objects.end(), [](const CatalogObject& a, const CatalogObject& b) {
    return std::tie(a.name, a.definition) < std::tie(b.name, b.definition);
  });
  return objects;
}

std::string Fingerprint(const std::vector<CatalogObject>& objects) {
  std::string bytes;
  for (const CatalogObject& object : objects) {
    absl::StrAppend(&bytes, object.name.size(), ":", object.name, object.definition.size(), ":",
                    object.definition);
  }
  return contract::Digest(bytes);
}

std::vector<std::string> DescribeDrift(const std::vector<CatalogObject>& old_objects,
                                       const std::vector<CatalogObject>& new_objects) {
  const ByName before = IndexOf(old_objects);
  const ByName after = IndexOf(new_objects);
  std::set<std::string> came, went;
  for (const auto& [name, definition] : after) {
    if (before.count(name) == 0) came.insert(name);
  }
  for (const auto& [name, definition] : before) {
    if (after.count(name) == 0) went.insert(name);
  }
  std::map<std::string, std::string> lines;  // sorted by name
  for (const std::string& name : came) {
    if (!IsPartOf(name, came)) lines[name] = absl::StrCat(name, ": added (", after.at(name), ")");
  }
  for (const std::string& name : went) {
    if (!IsPartOf(name, went))
      lines[name] = absl::StrCat(name, ": removed (", before.at(name), ")");
  }
  for (const auto& [name, definition] : before) {
    const auto now = after.find(name);
    if (now != after.end() && now->second != definition) {
      lines[name] = absl::StrCat(name, ": was ", definition, ", now ", now->second);
    }
  }
  std::vector<std::string> drift;
  for (auto& [name, line] : lines) drift.push_back(std::move(line));
  return drift;
}

}  // namespace resetctl::agent

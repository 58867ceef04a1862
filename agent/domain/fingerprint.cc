#include <algorithm>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "proto/contract/digest.h"
#include "proto/contract/schema_drift.h"

namespace resetctl::agent {
namespace {

contract::SchemaObjects ByName(const std::vector<CatalogObject>& objects) {
  contract::SchemaObjects index;
  for (const CatalogObject& object : objects) index[object.name] = object.definition;
  return index;
}

}  // namespace

std::vector<CatalogObject> FingerprintObjects(const Catalog& catalog,
                                              const contract::Blueprint& blueprint) {
  std::set<std::string> scope(blueprint.schemas.begin(), blueprint.schemas.end());
  scope.erase(catalog.own_schema);
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
  std::vector<std::string> drift;
  for (const contract::SchemaDifference& difference :
       contract::CompareSchemas(ByName(old_objects), ByName(new_objects))) {
    drift.push_back(absl::StrCat(difference.name, ": ", contract::DescribeChange(difference)));
  }
  return drift;
}

}  // namespace resetctl::agent

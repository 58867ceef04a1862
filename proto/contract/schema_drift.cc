#include "proto/contract/schema_drift.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace resetctl::contract {
namespace {

// 'public.items' of 'public.items column sku': a blank outside quotes ends the relation's name.
std::string RelationOf(const std::string& object) {
  bool quoted = false;
  for (size_t i = 0; i < object.size(); ++i) {
    if (object[i] == '"') quoted = !quoted;
    if (object[i] == ' ' && !quoted) return object.substr(0, i);
  }
  return object;
}

std::set<std::string> NamesMissingFrom(const SchemaObjects& other, const SchemaObjects& objects) {
  std::set<std::string> names;
  for (const auto& [name, definition] : objects) {
    if (other.count(name) == 0) names.insert(name);
  }
  return names;
}

bool IsPartOf(const std::string& name, const std::set<std::string>& relations) {
  const std::string relation = RelationOf(name);
  return relation != name && relations.count(relation) > 0;
}

}  // namespace

std::vector<SchemaDifference> CompareSchemas(const SchemaObjects& was, const SchemaObjects& now) {
  const std::set<std::string> came = NamesMissingFrom(was, now);
  const std::set<std::string> went = NamesMissingFrom(now, was);
  std::map<std::string, SchemaDifference> found;
  for (const std::string& name : came) {
    if (!IsPartOf(name, came)) found[name] = {name, std::nullopt, now.at(name)};
  }
  for (const std::string& name : went) {
    if (!IsPartOf(name, went)) found[name] = {name, was.at(name), std::nullopt};
  }
  for (const auto& [name, definition] : was) {
    const auto after = now.find(name);
    if (after != now.end() && after->second != definition) {
      found[name] = {name, definition, after->second};
    }
  }
  std::vector<SchemaDifference> differences;
  for (auto& [name, difference] : found) differences.push_back(std::move(difference));
  return differences;
}

std::string DescribeChange(const SchemaDifference& difference) {
  if (!difference.was.has_value()) return absl::StrCat("added (", *difference.now, ")");
  if (!difference.now.has_value()) return absl::StrCat("removed (", *difference.was, ")");
  return absl::StrCat("was ", *difference.was, ", now ", *difference.now);
}

}  // namespace resetctl::contract

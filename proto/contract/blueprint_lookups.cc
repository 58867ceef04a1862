#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/base/utf8.h"
#include "proto/contract/blueprint_parts.h"

namespace resetctl::contract::blueprint {
namespace {

using base::YamlMap;
using base::YamlNode;

constexpr char kFormAdvice[] =
    "Write brand_id: brands.code, or brand_id: {table: brands, by: code, gives: id}.";

bool IsColumnName(absl::string_view name) {
  return !name.empty() && !base::HasControlCharacters(name, /*lines=*/false);
}

// `by: code`, or for a key of several columns `by: {code: brand_code, country: brand_country}`.
void ReadKeys(YamlMap& map, LookupSpec* lookup) {
  const std::optional<YamlNode> by = map.Node("by");
  if (!by) {
    map.FailAt("by", "is missing", kFormAdvice);
  } else if (by->IsScalar()) {
    lookup->by.push_back({by->AsString(), lookup->column});
  } else if (by->IsMap()) {
    YamlMap keys = by->AsMap();
    for (const std::string& column : keys.Keys()) {
      lookup->by.push_back({column, keys.RequiredString(column)});
    }
    if (lookup->by.empty()) by->Fail("names no column", kFormAdvice);
    keys.Finish();
  } else {
    by->Fail("must be a column, or a map of columns and where their values stand",
             "Write by: code, or by: {code: brand_code, country: brand_country}.");
  }
  for (const LookupSpec::Key& key : lookup->by) {
    if (!IsColumnName(key.column) || (!key.field.empty() && !IsColumnName(key.field))) {
      by->Fail("holds a name that is not printable");
    }
  }
}

LookupSpec ReadLookup(Context& context, const std::string& column, const YamlNode& node) {
  LookupSpec lookup;
  lookup.column = column;
  lookup.location = context.At(node);
  if (!IsColumnName(column)) node.Fail("its column has no printable name");
  if (node.IsScalar()) {
    LookupSpec::Key key;
    key.field = column;
    if (ReadTableColumn(context, node, &lookup.table, &key.column)) lookup.by.push_back(key);
    return lookup;
  }
  if (!node.IsMap()) {
    node.Fail("must say where its value is looked up", kFormAdvice);
    return lookup;
  }
  YamlMap map = node.AsMap();
  const std::optional<YamlNode> table = map.Node("table");
  if (!table) {
    map.FailAt("table", "is missing", kFormAdvice);
  } else if (ReadTablePattern(context, *table, &lookup.table) && lookup.table.wildcard) {
    table->Fail("a lookup reads one table, so '*' has no place here", "Write the table's name.");
  }
  ReadKeys(map, &lookup);
  lookup.gives = map.String("gives");
  if (map.Has("gives") && !IsColumnName(lookup.gives)) map.FailAt("gives", "is no column's name");
  map.Finish();
  return lookup;
}

}  // namespace

std::vector<LookupSpec> ReadLookups(Context& context, YamlMap& step) {
  std::vector<LookupSpec> lookups;
  if (!step.Has("lookup")) {
    step.Node("lookup");  // asked for, so no unknown key
    return lookups;
  }
  YamlMap map = step.Map("lookup");
  const std::vector<std::string> columns = map.Keys();
  if (columns.empty() && step.Node("lookup")->IsMap())
    step.FailAt("lookup", "names no column", kFormAdvice);
  for (const std::string& column : columns) {
    lookups.push_back(ReadLookup(context, column, *map.Node(column)));
  }
  // What a lookup gives is not there yet while keys are compared.
  for (const LookupSpec& lookup : lookups) {
    for (const LookupSpec::Key& key : lookup.by) {
      if (key.field == lookup.column || !map.Has(key.field)) continue;
      map.FailAt(lookup.column, absl::StrCat("its key ", key.field, " is looked up itself"),
                 "Give the key's own value in a column of another name.");
    }
  }
  return lookups;
}

}  // namespace resetctl::contract::blueprint

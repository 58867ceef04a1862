#ifndef RESETCTL_TESTS_AGENT_DOMAIN_COLUMNS_BUILDER_H_
#define RESETCTL_TESTS_AGENT_DOMAIN_COLUMNS_BUILDER_H_

#include <string>
#include <vector>

#include "agent/domain/columns.h"
#include "proto/contract/blueprint.h"
#include "tests/agent/domain/catalog_builder.h"

namespace resetctl::agent {

// Columns of type text without defaults; 'id = gen()' has the default gen(). The first is the primary key.
inline TableColumns Columns(const std::vector<std::string>& names) {
  TableColumns table;
  for (const std::string& name : names) {
    const size_t equals = name.find(" = ");
    Column column;
    column.name = name.substr(0, equals);
    column.type = "text";
    column.equality = "operator(pg_catalog.=)";
    if (equals != std::string::npos) column.fallback = name.substr(equals + 3);
    table.columns.push_back(column);
  }
  table.primary_key = {table.columns[0].name};
  return table;
}

// 'brand_id: brands.code' as the blueprint's parser reads it.
inline contract::LookupSpec ALookup(const std::string& column, const std::string& table,
                                    const std::string& key, const std::string& gives = "") {
  contract::LookupSpec lookup;
  lookup.column = column;
  lookup.table = APattern(table);
  lookup.by = {{key, column}};
  lookup.gives = gives;
  lookup.location = {"blueprint.yaml", 9, 5};
  return lookup;
}

}  // namespace resetctl::agent

#endif  // RESETCTL_TESTS_AGENT_DOMAIN_COLUMNS_BUILDER_H_

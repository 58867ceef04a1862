#ifndef RESETCTL_AGENT_DOMAIN_COLUMNS_H_
#define RESETCTL_AGENT_DOMAIN_COLUMNS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/domain/catalog.h"

namespace resetctl::agent {

// A column as whoever fills its table must know it. Texts are SQL that the server wrote, with every name qualified.
struct Column {
  std::string name;
  std::string type;       // 'character varying(50)', 'public.mood[]'
  std::string collation;  // where it is not the type's own
  std::string
      fallback;  // what makes the value where a row gives none: its default, its identity's next; empty: nothing
  std::string
      equality;  // the operator that compares two values of its type: 'operator(pg_catalog.=)'
  bool generated = false;  // GENERATED ALWAYS AS (...): takes no values
};

struct TableColumns {
  std::vector<Column> columns;  // in the table's order
  std::vector<std::string> primary_key;

  const Column* Find(absl::string_view name) const {
    for (const Column& column : columns) {
      if (absl::string_view(column.name) == name) return &column;
    }
    return nullptr;
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const Column& column : columns) names.push_back(column.name);
    return names;
  }
};

// Of the tables that recreate steps fill or look into (TablesOfSteps); read by postgres/column_reader.h.
using ColumnsByTable = std::map<Oid, TableColumns>;

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_COLUMNS_H_

#ifndef RESETCTL_AGENT_DOMAIN_NAMES_H_
#define RESETCTL_AGENT_DOMAIN_NAMES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/domain/catalog.h"

namespace resetctl::agent {

// Tables in which migration tools note what they have run. Kept by default in every schema: an
// application whose history is gone runs all of its migrations again. The list is POSTGRES.md's.
bool IsMigrationHistory(absl::string_view table);
// A lock of such a tool, which changes without a schema change: no part of the fingerprint.
bool IsMigrationLock(absl::string_view table);

// As a blueprint names it: items, stock.items, "a.b".c.
std::string BlueprintName(absl::string_view name);
std::string BlueprintName(absl::string_view schema, absl::string_view name);
// A YAML list in one line: [items, 'rental_*'], quoted where YAML would read something else.
std::string YamlList(const std::vector<std::string>& entries);

// "role name" where SQL needs the quotes. For texts that people paste; what is executed is quoted
// by the server.
std::string QuoteForSql(absl::string_view identifier);

std::string WithThousands(int64_t number);                // 1,204
std::string RowsText(int64_t rows);                       // '1 row', '1,204 rows'
std::string Join(const std::vector<std::string>& names);  // 'a, b and c'

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_NAMES_H_

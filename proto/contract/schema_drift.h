#ifndef RESETCTL_PROTO_CONTRACT_SCHEMA_DRIFT_H_
#define RESETCTL_PROTO_CONTRACT_SCHEMA_DRIFT_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace resetctl::contract {

// The schema of a target as its fingerprint sees it: definitions by name, 'public.items column sku' -> 'varchar(50)'. Names
// are quoted by the server where they must be.
using SchemaObjects = std::map<std::string, std::string>;

struct SchemaDifference {
  std::string name;
  std::optional<std::string> was;  // none: it is new
  std::optional<std::string> now;  // none: it is gone
};

// What differs, sorted by name. A relation that came or went is one difference, not one for each of its columns.
std::vector<SchemaDifference> CompareSchemas(const SchemaObjects& was, const SchemaObjects& now);

// "added (text)", "removed (table)", "was varchar(50), now text": the same words in a STALE answer and in `show --diff`.
std::string DescribeChange(const SchemaDifference& difference);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_SCHEMA_DRIFT_H_

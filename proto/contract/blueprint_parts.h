#ifndef RESETCTL_PROTO_CONTRACT_BLUEPRINT_PARTS_H_
#define RESETCTL_PROTO_CONTRACT_BLUEPRINT_PARTS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/base/yaml_reader.h"
#include "proto/contract/blueprint.h"

// The inside of ParseBlueprint, one file a section of DESIGN §7. Each function reads on after a
// problem.
namespace resetctl::contract::blueprint {

// Somewhere a parameter's value would go.
struct ParameterUse {
  std::string name;      // as written; lower case when it came from a setting
  bool setting = false;  // current_setting('resetctl.<name>') rather than ${NAME}
  bool in_sql = false;   // a secret must not go there
  Location location;
};

struct Context {
  const BundleFiles& bundle;
  Blueprint& out;
  std::vector<base::YamlProblem> yaml_problems;  // of the blueprint itself
  std::vector<v1::Problem> problems;             // of the files it names, and of parameters
  std::vector<ParameterUse> uses;
  std::set<std::string> checked_files;

  Location At(const base::YamlNode& node) const {
    return {bundle.blueprint_path, node.line(), node.column()};
  }
  Location At(const base::YamlMap& map) const {
    return {bundle.blueprint_path, map.line(), map.column()};
  }
};

void Complain(Context& context, const Location& location, absl::string_view what,
              absl::string_view advice);

// blueprint_parameters.cc
void ReadParameters(Context& context, base::YamlMap& root);
// Notes every ${NAME} of `text`; a malformed one is a problem at `node`.
void NoteReferences(Context& context, const base::YamlNode& node, absl::string_view text,
                    bool in_sql);
// Once everything is read: undeclared names, secrets on their way into SQL.
void CheckUses(Context& context);

// blueprint_tables.cc
void ReadPostgres(Context& context, base::YamlMap& root);
// False, after a problem at `node`, when it is no table pattern.
bool ReadTablePattern(Context& context, const base::YamlNode& node, TablePattern* pattern);
// 'brands.code', 'shop.brands.code', '"a.b".c': a table without wildcard, and a column of it. False after a problem at `node`.
bool ReadTableColumn(Context& context, const base::YamlNode& node, TablePattern* table,
                     std::string* column);

// blueprint_steps.cc
void ReadRecreateSteps(Context& context, const std::vector<base::YamlNode>& nodes,
                       std::vector<RecreateStepSpec>* steps);
void ReadSets(Context& context, base::YamlMap& root);
void ReadChecks(Context& context, base::YamlMap& root);

// blueprint_lookups.cc: `lookup:` of a rows or csv step
std::vector<LookupSpec> ReadLookups(Context& context, base::YamlMap& step);

// blueprint_files.cc: the contents of files that a step names
void CheckSqlFile(Context& context, const base::YamlNode& node, const std::string& path);
void CheckCsvFile(Context& context, const base::YamlNode& node, const std::string& path,
                  const CsvFormat& format);
// SQL that stands in the blueprint itself: exactly one statement.
void CheckInlineSql(Context& context, const base::YamlNode& node, absl::string_view sql);

// blueprint_hooks.cc
void ReadHooks(Context& context, base::YamlMap& root);

// blueprint.cc: a required, unique, printable name on one line.
std::string ReadName(base::YamlMap& map, absl::string_view key, std::set<std::string>* names);

}  // namespace resetctl::contract::blueprint

#endif  // RESETCTL_PROTO_CONTRACT_BLUEPRINT_PARTS_H_

#ifndef RESETCTL_PROTO_CONTRACT_BLUEPRINT_H_
#define RESETCTL_PROTO_CONTRACT_BLUEPRINT_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/contract/bundle.h"
#include "proto/contract/csv_text.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::contract {

// Where in the blueprint something stands, for errors. Counted from 1.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
};

struct ParameterSpec {
  std::string name;  // ADMIN_USERNAME
  bool required = false;
  std::optional<std::string> fallback;  // `default:`
  bool secret = false;
  bool sql = false;     // a secret that may reach SQL
  std::string pattern;  // RE2-free: std::regex ECMAScript; never on secrets
  int min_length = 0;
  std::vector<std::string> classes;  // upper, lower, digit, special
  std::string bcrypt_of;  // made on the agent from that parameter; this one is never secret on the
                          // wire, only derived
  int bcrypt_cost = 12;
  Location location;
};

// `rental_*`, `"a.b".c`, `schema.table`. '*' is the only wildcard; names are exact, case included.
struct TablePattern {
  std::string text;                   // as written
  std::optional<std::string> schema;  // absent: any schema in scope
  std::string name;
  bool wildcard = false;  // in name (or schema)
  bool optional = false;  // may be absent
  Location location;
};

struct ClearGroupSpec {
  std::string name;
  std::vector<TablePattern> tables;  // `optional:` ones follow, marked
};

enum class Unlisted { kRefuse, kClear, kKeep };
// A foreign key from a kept table into a cleared one: refused, or allowed while no kept row uses it.
enum class KeptReferences { kRefuse, kWhenNull };
// A sequence that cleared and kept tables use: refused, or left to go on counting.
enum class SharedSequences { kRefuse, kLeave };

// A column of a cleared table whose values are large objects, beyond the ones of type lo.
struct LargeObjectSpec {
  TablePattern table;
  std::string column;
};

// A YAML scalar for a row value: text, number and bool as written, or null.
struct RowValue {
  bool null = false;
  std::string text;  // '${NAME}' not yet replaced
  int line = 0;
  int column = 0;
};

// A reference that a row gives by natural key: `brand_id: brands.code` says that the value given for brand_id is a brands.code,
// and that the row gets what brand_id should hold.
struct LookupSpec {
  struct Key {
    std::string column;  // of the table looked into: code
    std::string field;   // what holds its value in the file or row: brand_id
  };
  std::string column;   // brand_id
  TablePattern table;   // brands; no wildcard
  std::vector<Key> by;  // at least one
  std::string
      gives;  // the column whose value the row gets; empty: what the foreign key, else the primary key says
  Location location;
};

struct SqlStep {
  std::string file;
};
struct RowsStep {
  TablePattern table;
  std::vector<std::vector<std::pair<std::string, RowValue>>> rows;  // column -> value
  std::vector<Location> places = {};                                // of each row
  std::vector<LookupSpec> lookups = {};
};
struct CsvStep {
  TablePattern table;
  std::string file;
  CsvFormat format = {};
  std::vector<LookupSpec> lookups = {};
};

struct RecreateStepSpec {
  std::string name;
  std::variant<SqlStep, RowsStep, CsvStep> what;
  std::vector<TablePattern> writes;  // kept tables that this step may write to
  Location location;
};

struct CheckSpec {
  std::string name;
  std::string sql;
  Location location;
};

enum class FlushMode { kNone, kDb, kAll, kPrefixes };
struct RedisSpec {
  FlushMode flush = FlushMode::kDb;  // kNone when the blueprint has no `redis:`
  std::vector<std::string> prefixes;
  bool required = true;  // `required: false`: a cache unreachable after the commit is a warning
};

struct HttpAction {
  std::string url;  // may hold ${NAME}
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  // Canonical JSON text (sorted keys, no blanks), may hold ${NAME} inside strings, whose values must be JSON-escaped
  // when they are put in; empty: no body.
  std::string json;
  int expect = 200;
};
struct CommandAction {
  std::vector<std::string> argv;
};
struct RailwayRestartAction {
  std::string service;
};
using Action = std::variant<HttpAction, CommandAction, RailwayRestartAction>;

struct HookSpec {
  std::string name;
  Action action;
  std::optional<Action> undo;  // before steps only
  absl::Duration timeout = absl::Seconds(30);
  int retries = 0;
  bool required = true;  // railway_restart: false unless said
  Location location;
};

struct Blueprint {
  std::string name;
  std::string description;
  std::vector<ParameterSpec> parameters;  // in the file's order
  std::vector<std::string> schemas;       // the scope
  std::vector<std::string> search_path;
  std::vector<ClearGroupSpec> clear;
  std::vector<TablePattern> keep;
  Unlisted unlisted = Unlisted::kRefuse;
  KeptReferences kept_references = KeptReferences::kRefuse;
  SharedSequences shared_sequences = SharedSequences::kRefuse;
  std::vector<LargeObjectSpec> large_objects;
  std::vector<HookSpec> before;
  std::vector<RecreateStepSpec> recreate;
  std::map<std::string, std::vector<RecreateStepSpec>> sets;
  std::vector<CheckSpec> verify;
  RedisSpec redis;
  std::vector<HookSpec> after;
};

struct ParsedBlueprint {
  Blueprint blueprint;
  std::vector<v1::Problem> problems;  // all of them, with file, line, column
  bool ok() const { return problems.empty(); }
};

// Everything that can be said without a database: syntax, unknown and duplicate keys, missing or
// empty files, undeclared parameters, bad patterns, SQL files that are empty or hold psql '\'
// commands, COPY ... FROM STDIN or transaction control.
ParsedBlueprint ParseBlueprint(const BundleFiles& bundle);

// The files that a blueprint text names, so that a client can collect them. Best effort on broken
// input.
std::vector<std::string> FilesNamedBy(absl::string_view blueprint_text);

// The recreate steps of a plan: `recreate`, then each chosen set in the given order. NOT_FOUND for
// an unknown set.
absl::StatusOr<std::vector<std::pair<std::string, RecreateStepSpec>>> StepsWithSets(
    const Blueprint& blueprint, const std::vector<std::string>& sets);

// Replaces ${NAME}; INVALID_ARGUMENT names an unknown one. `lookup` returns null when unknown.
absl::StatusOr<std::string> ReplaceParameters(
    absl::string_view text, const std::function<const std::string*(absl::string_view)>& lookup);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_BLUEPRINT_H_

#ifndef RESETCTL_AGENT_DOMAIN_CATALOG_H_
#define RESETCTL_AGENT_DOMAIN_CATALOG_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace resetctl::agent {

using Oid = uint32_t;

enum class RelationKind { kTable, kPartitioned, kForeign, kView, kMaterializedView, kSequence };

// One relation of the target database, of any schema but the system's and temporary ones. Facts only, read from pg_catalog
// by OID in one snapshot (agent/postgres/catalog_reader.h); what follows from them is the planner's business.
struct Relation {
  Oid oid = 0;
  std::string schema;
  std::string name;
  std::string quoted;  // schema-qualified, quoted by the server: format('%I.%I')
  RelationKind kind = RelationKind::kTable;
  Oid partition_parent = 0;   // 0: not attached to a partitioned table
  std::vector<Oid> inherits;  // plain inheritance parents
  std::string extension;      // member of this extension; empty: none
  bool owned = false;         // by our role, or a role that it is a member of
  bool may_select = false;
  bool may_insert = false;
  bool may_delete = false;
  bool may_truncate = false;
  bool schema_usage = false;  // USAGE on its schema, without which the may_* above do not help
  bool row_security_hides = false;  // row security applies to us and cannot be switched off for us
  int64_t heap_bytes = 0;           // main fork, actual size; 0 is certainly empty
  int64_t bytes = 0;                // with indexes and toast
  double estimated_rows = 0;        // reltuples, -1 when never analysed
  uint32_t file_node = 0;           // pg_relation_filenode
  bool published = false;
  bool has_replica_identity =
      true;                  // a published DELETE can name its row; without one it fails (55000)
  bool delete_rule = false;  // a rule rewrites DELETE on it
  int indexes = 0;
  bool unlogged = false;
};

struct ForeignKey {
  Oid oid = 0;
  std::string name;
  Oid from = 0;          // the referencing table
  Oid to = 0;            // the referenced one
  char on_delete = 'a';  // a no action, r restrict, c cascade, n set null, d set default
  bool deferrable = false;
  bool supporting_index = false;  // of the referencing columns
  std::vector<std::string> from_columns;
  std::vector<std::string> to_columns;
};

struct Trigger {
  Oid table = 0;
  std::string name;
  std::string function;
  bool on_insert = false, on_update = false, on_delete = false, on_truncate = false;
  char enabled = 'O';  // pg_trigger.tgenabled
};

struct Sequence {
  Oid oid = 0;               // also in relations
  Oid owner_table = 0;       // OWNED BY or identity; 0: none
  std::vector<Oid> used_by;  // tables whose column defaults call nextval on it, owner included
  bool owned = false;        // by our role: may be restarted
  int64_t start = 1;         // what RESTART sets
};

struct MaterializedView {
  Oid oid = 0;
  std::vector<Oid> reads;  // tables and materialized views it depends on, views resolved
  bool populated = true;   // false: WITH NO DATA, shows nothing and is left so
  bool owned = false;
};

// A column whose values are large objects.
struct LargeObjectColumn {
  Oid table = 0;
  std::string column;
};

// A line of the schema fingerprint: what matters to a reset and nothing else.
struct CatalogObject {
  std::string schema;      // which schema it belongs to; empty: all runs
  std::string name;        // 'public.items column sku'
  std::string definition;  // 'character varying(50) not null default ...'
};

// Where the agent keeps its own tables unless the database's owner names another schema: never cleared, never unlisted, no part
// of any scope.
inline constexpr char kOwnSchema[] = "resetctl";

struct Catalog {
  std::map<Oid, Relation> relations;
  std::vector<ForeignKey> foreign_keys;
  std::vector<Trigger> triggers;
  std::vector<Sequence> sequences;
  std::vector<MaterializedView> materialized_views;
  std::vector<LargeObjectColumn> large_objects;  // columns of type lo
  std::vector<std::string> schemas;              // all but system and temporary ones, sorted
  std::vector<CatalogObject> objects;            // sorted by name
  std::vector<std::string> rules_on;             // quoted tables with DELETE/INSERT rules
  std::vector<std::string> subscriptions;        // a subscription on the target is refused
  std::vector<std::string> publications;
  int standbys = 0;
  std::string role;
  std::string own_schema = kOwnSchema;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_CATALOG_H_

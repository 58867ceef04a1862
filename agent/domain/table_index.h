#ifndef RESETCTL_AGENT_DOMAIN_TABLE_INDEX_H_
#define RESETCTL_AGENT_DOMAIN_TABLE_INDEX_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/domain/catalog.h"
#include "proto/contract/blueprint.h"

namespace resetctl::agent {

inline bool IsTable(const Relation& relation) {
  return relation.kind == RelationKind::kTable || relation.kind == RelationKind::kPartitioned ||
         relation.kind == RelationKind::kForeign;
}

// What the planner looks up again and again, made once a plan. Refers to the catalog: it must
// outlive the index. A *unit* is a table, or a whole partition tree, named by its root: they are
// cleared or kept together.
class TableIndex {
 public:
  TableIndex(const Catalog& catalog, const contract::Blueprint& blueprint);

  const Catalog& catalog() const { return catalog_; }
  bool InScope(absl::string_view schema) const;
  // Tables in scope, partitions included, sorted by schema and name.
  const std::vector<const Relation*>& tables() const { return tables_; }
  // Relations in scope of that name, views and sequences included.
  std::vector<const Relation*> Named(absl::string_view name) const;
  const Relation* Find(Oid oid) const;
  // The root of its partition tree, whether in scope or not; itself where it is no partition.
  Oid RootOf(Oid oid) const;
  // All of its partition tree, the table itself first, then sorted by name.
  std::vector<Oid> TreeOf(Oid root) const;
  // True when count(*) tells the truth to our role: it may read the table, row security hides nothing from it, and no part
  // of the tree is in another server.
  bool IsCountable(Oid table) const;
  // Column names of a table (of its root, for a partition), sorted, from the fingerprint's lines; empty where it has none.
  std::vector<std::string> ColumnsOf(Oid table) const;
  // For people and blueprints: with its schema where more than one is in scope, or where its schema
  // is not.
  std::string Name(const Relation& relation) const;
  std::string Name(Oid oid) const;
  // Sorts by name for people; unique in the end, so the same for any order of input.
  void SortByName(std::vector<Oid>* oids) const;

 private:
  const Catalog& catalog_;
  std::set<std::string> scope_;
  std::vector<const Relation*> tables_;
  std::multimap<std::string, const Relation*> by_name_;
  std::map<Oid, std::vector<Oid>> partitions_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_TABLE_INDEX_H_

#ifndef RESETCTL_TESTS_AGENT_DOMAIN_CATALOG_BUILDER_H_
#define RESETCTL_TESTS_AGENT_DOMAIN_CATALOG_BUILDER_H_

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "agent/domain/catalog.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/names.h"
#include "proto/contract/blueprint.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

// A hand-made catalog. Tables are named 'users' (schema public) or 'schema.users'; everything is ours unless a test says so.
class ACatalog {
 public:
  ACatalog() {
    catalog_.role = "app";
    catalog_.schemas = {"public"};
  }

  Relation& Table(const std::string& name, RelationKind kind = RelationKind::kTable) {
    const size_t dot = name.find('.');
    Relation relation;
    relation.oid = next_++;
    relation.schema = dot == std::string::npos ? "public" : name.substr(0, dot);
    relation.name = dot == std::string::npos ? name : name.substr(dot + 1);
    relation.quoted = QuoteForSql(relation.schema) + "." + QuoteForSql(relation.name);
    relation.kind = kind;
    relation.owned = relation.may_select = relation.may_insert = relation.may_delete =
        relation.may_truncate = relation.schema_usage = true;
    Schema(relation.schema);
    return catalog_.relations.emplace(relation.oid, std::move(relation)).first->second;
  }

  ACatalog& Tables(const std::vector<std::string>& names) {
    for (const std::string& name : names) Table(name);
    return *this;
  }

  ACatalog& Schema(const std::string& schema) {
    std::vector<std::string>& all = catalog_.schemas;
    if (std::count(all.begin(), all.end(), schema) == 0) all.push_back(schema);
    std::sort(all.begin(), all.end());
    return *this;
  }

  ACatalog& Partition(const std::string& parent, const std::string& name,
                      RelationKind kind = RelationKind::kTable) {
    const Oid above = Id(parent);
    Table(name, kind).partition_parent = above;
    return *this;
  }

  ACatalog& References(const std::string& from, const std::string& to,
                       const std::string& column = "ref_id") {
    ForeignKey key;
    key.oid = next_++;
    key.name = from + "_fkey";
    key.from = Id(from);
    key.to = Id(to);
    key.from_columns = {column};
    key.to_columns = {"id"};
    catalog_.foreign_keys.push_back(key);
    return *this;
  }

  Sequence& Numbers(const std::string& name, const std::string& owner,
                    const std::vector<std::string>& users) {
    Sequence sequence;
    sequence.oid = Table(name, RelationKind::kSequence).oid;
    if (!owner.empty()) sequence.owner_table = Id(owner);
    for (const std::string& user : users) sequence.used_by.push_back(Id(user));
    sequence.owned = true;
    catalog_.sequences.push_back(sequence);
    return catalog_.sequences.back();
  }

  MaterializedView& Copies(const std::string& name, const std::vector<std::string>& reads) {
    MaterializedView view;
    view.oid = Table(name, RelationKind::kMaterializedView).oid;
    for (const std::string& read : reads) view.reads.push_back(Id(read));
    view.owned = true;
    catalog_.materialized_views.push_back(view);
    return catalog_.materialized_views.back();
  }

  Trigger& Fires(const std::string& name, const std::string& table) {
    Trigger trigger;
    trigger.name = name;
    trigger.table = Id(table);
    catalog_.triggers.push_back(trigger);
    return catalog_.triggers.back();
  }

  ACatalog& Object(const std::string& name, const std::string& definition) {
    catalog_.objects.push_back({"public", name, definition});
    return *this;
  }

  Oid Id(const std::string& name) const {
    for (const auto& [oid, relation] : catalog_.relations) {
      if (relation.name == name || relation.schema + "." + relation.name == name) return oid;
    }
    return 0;
  }
  std::string NameOf(Oid oid) const { return catalog_.relations.at(oid).name; }
  std::vector<std::string> NamesOf(const std::vector<Oid>& oids) const {
    std::vector<std::string> names;
    for (const Oid oid : oids) names.push_back(NameOf(oid));
    return names;
  }
  Catalog& operator*() { return catalog_; }
  const Catalog& operator*() const { return catalog_; }
  Catalog* operator->() { return &catalog_; }

  Catalog Shuffled(unsigned seed) const {
    Catalog other = catalog_;
    std::mt19937 random(seed);
    std::shuffle(other.foreign_keys.begin(), other.foreign_keys.end(), random);
    std::shuffle(other.triggers.begin(), other.triggers.end(), random);
    std::shuffle(other.sequences.begin(), other.sequences.end(), random);
    std::shuffle(other.materialized_views.begin(), other.materialized_views.end(), random);
    std::shuffle(other.objects.begin(), other.objects.end(), random);
    return other;
  }

 private:
  Catalog catalog_;
  Oid next_ = 16384;
};

// 'rental_*', 'stock.items', '"a.b".c' as the blueprint's parser reads them (quotes: whole parts only).
inline contract::TablePattern APattern(const std::string& text) {
  contract::TablePattern pattern;
  pattern.text = text;
  std::vector<std::string> parts = {""};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == '.' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  pattern.name = parts.back();
  if (parts.size() > 1) pattern.schema = parts[0];
  pattern.wildcard = text.find('*') != std::string::npos;
  pattern.location.file = "blueprint.yaml";
  pattern.location.line = 7;
  return pattern;
}

class ABlueprint {
 public:
  ABlueprint() { blueprint_.schemas = {"public"}; }
  ABlueprint& Schemas(std::vector<std::string> schemas) {
    blueprint_.schemas = std::move(schemas);
    return *this;
  }
  ABlueprint& Clear(const std::string& group, const std::vector<std::string>& tables,
                    const std::vector<std::string>& optional = {}) {
    contract::ClearGroupSpec spec;
    spec.name = group;
    for (const std::string& table : tables) spec.tables.push_back(APattern(table));
    for (const std::string& table : optional) {
      spec.tables.push_back(APattern(table));
      spec.tables.back().optional = true;
    }
    blueprint_.clear.push_back(std::move(spec));
    return *this;
  }
  ABlueprint& Keep(const std::vector<std::string>& tables) {
    for (const std::string& table : tables) blueprint_.keep.push_back(APattern(table));
    return *this;
  }
  ABlueprint& Unlisted(contract::Unlisted what) {
    blueprint_.unlisted = what;
    return *this;
  }
  ABlueprint& KeptReferences(contract::KeptReferences what) {
    blueprint_.kept_references = what;
    return *this;
  }
  ABlueprint& SharedSequences(contract::SharedSequences what) {
    blueprint_.shared_sequences = what;
    return *this;
  }
  const contract::Blueprint& operator*() const { return blueprint_; }

 private:
  contract::Blueprint blueprint_;
};

inline contract::RecreateStepSpec RowsInto(const std::string& name, const std::string& table,
                                           const std::vector<std::string>& writes = {}) {
  contract::RecreateStepSpec step;
  step.name = name;
  contract::RowsStep rows;
  rows.table = APattern(table);
  step.what = rows;
  for (const std::string& write : writes) step.writes.push_back(APattern(write));
  return step;
}

inline contract::RecreateStepSpec SqlFrom(const std::string& name, const std::string& file,
                                          const std::vector<std::string>& writes = {}) {
  contract::RecreateStepSpec step;
  step.name = name;
  step.what = contract::SqlStep{file};
  for (const std::string& write : writes) step.writes.push_back(APattern(write));
  return step;
}

inline contract::RecreateStepSpec CsvInto(const std::string& name, const std::string& table,
                                          const std::string& file) {
  contract::RecreateStepSpec step;
  step.name = name;
  step.what = contract::CsvStep{APattern(table), file};
  return step;
}

// 'UNLISTED_TABLES booking_headers' for each problem.
inline std::vector<std::string> Brief(const std::vector<v1::Problem>& problems) {
  std::vector<std::string> lines;
  for (const v1::Problem& problem : problems) {
    std::string line = contract::NameOf(problem.reason());
    for (const std::string& object : problem.objects()) line += " " + object;
    lines.push_back(line);
  }
  return lines;
}

}  // namespace resetctl::agent

#endif  // RESETCTL_TESTS_AGENT_DOMAIN_CATALOG_BUILDER_H_

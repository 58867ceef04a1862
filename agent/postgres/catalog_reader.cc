#include "agent/postgres/catalog_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/domain/names.h"
#include "agent/postgres/catalog_queries.h"

namespace resetctl::agent {
namespace {

Oid OidAt(const Rows& rows, int row, int column) { return static_cast<Oid>(rows.Int(row, column)); }

std::vector<Oid> OidsAt(const Rows& rows, int row, int column) {
  std::vector<Oid> oids;
  if (rows.IsNull(row, column)) return oids;
  for (const std::string& text : rows.Array(row, column)) {
    Oid oid = 0;
    if (absl::SimpleAtoi(text, &oid)) oids.push_back(oid);
  }
  return oids;
}

char CharAt(const Rows& rows, int row, int column) {
  const std::string text = rows.Text(row, column);
  return text.empty() ? '\0' : text[0];
}

RelationKind KindOf(char relkind) {
  switch (relkind) {
    case 'p':
      return RelationKind::kPartitioned;
    case 'f':
      return RelationKind::kForeign;
    case 'v':
      return RelationKind::kView;
    case 'm':
      return RelationKind::kMaterializedView;
    case 'S':
      return RelationKind::kSequence;
    default:
      return RelationKind::kTable;
  }
}

// Which migrations have run is part of the schema: short histories as they are, long ones by number and digest.
absl::StatusOr<std::vector<CatalogObject>> ReadMigrations(Session& session,
                                                          const Catalog& catalog) {
  std::vector<CatalogObject> objects;
  for (const auto& [oid, relation] : catalog.relations) {
    if (relation.kind != RelationKind::kTable || !IsMigrationHistory(relation.name) ||
        IsMigrationLock(relation.name) || !relation.may_select || !relation.schema_usage ||
        relation.row_security_hides) {
      continue;
    }
    absl::StatusOr<Rows> rows = session.Query(absl::StrCat(
        "select case when pg_catalog.sum(pg_catalog.length(t::text)) <= 200 then "
        "pg_catalog.string_agg(t::text, ' ' order by t::text collate pg_catalog.\"C\") "
        "else pg_catalog.format('%s rows, md5 %s', pg_catalog.count(*), "
        "pg_catalog.md5(pg_catalog.string_agg(t::text, E'\\n' order by t::text collate "
        "pg_catalog.\"C\"))) end, pg_catalog.count(*) from only ",
        relation.quoted, " t"));
    if (!rows.ok()) return rows.status();
    objects.push_back({relation.schema, absl::StrCat(relation.quoted, " contents"),
                       rows->Int(0, 1) == 0 ? "empty" : rows->Text(0, 0)});
  }
  return objects;
}

class Reader {
 public:
  Reader(Session& session, Sizes sizes) : session_(session), sizes_(sizes) {}

  absl::StatusOr<Catalog> Read() {
    // Names that the server deparses are qualified, and nothing temporary can shadow them.
    absl::StatusOr<Rows> path = session_.Query("select pg_catalog.current_setting('search_path')");
    if (!path.ok()) return path.status();
    const std::string before = path->Text(0, 0);
    absl::Status status = session_.Execute("set local search_path = pg_catalog, pg_temp");
    if (!status.ok()) return status;
    status = ReadAll();
    if (!status.ok()) return status;  // the transaction is aborted, and its settings with it
    absl::StatusOr<Rows> restored =
        session_.Query("select pg_catalog.set_config('search_path', $1, true)", {before});
    if (!restored.ok()) return restored.status();
    return std::move(catalog_);
  }

 private:
  // Runs one query and hands over its rows one by one.
  template <typename F>
  absl::Status Each(const char* sql, F take,
                    const std::vector<std::optional<std::string>>& parameters = {}) {
    absl::StatusOr<Rows> rows =
        parameters.empty() ? session_.QueryOwn(sql) : session_.QueryOwn(sql, parameters);
    if (!rows.ok()) return rows.status();
    for (int row = 0; row < rows->size(); ++row) take(*rows, row);
    return absl::OkStatus();
  }

  absl::Status ReadAll() {
    catalog_.own_schema = session_.own_schema();
    for (absl::Status (Reader::*part)() :
         {&Reader::Relations, &Reader::Dependents, &Reader::Views, &Reader::Surroundings,
          &Reader::Objects, &Reader::MigrationContents}) {
      absl::Status status = (this->*part)();
      if (!status.ok()) return status;
    }
    std::sort(catalog_.objects.begin(), catalog_.objects.end(),
              [](const CatalogObject& a, const CatalogObject& b) {
                return std::tie(a.name, a.definition) < std::tie(b.name, b.definition);
              });
    return absl::OkStatus();
  }

  absl::Status Relations() {
    absl::Status status = Each(sql::kSchemas, [this](const Rows& rows, int row) {
      catalog_.schemas.push_back(rows.Text(row, 0));
    });
    if (!status.ok()) return status;
    std::sort(catalog_.schemas.begin(), catalog_.schemas.end());
    return Each(sql::kRelations,
                [this](const Rows& rows, int row) {
                  Relation relation;
                  relation.oid = OidAt(rows, row, 0);
                  relation.schema = rows.Text(row, 1);
                  relation.name = rows.Text(row, 2);
                  relation.quoted = rows.Text(row, 3);
                  relation.kind = KindOf(CharAt(rows, row, 4));
                  relation.partition_parent = OidAt(rows, row, 5);
                  relation.inherits = OidsAt(rows, row, 6);
                  relation.extension = rows.Text(row, 7);
                  relation.owned = rows.Bool(row, 8);
                  relation.may_select = rows.Bool(row, 9);
                  relation.may_insert = rows.Bool(row, 10);
                  relation.may_delete = rows.Bool(row, 11);
                  relation.may_truncate = rows.Bool(row, 12);
                  relation.schema_usage = rows.Bool(row, 13);
                  relation.row_security_hides = rows.Bool(row, 14);
                  relation.heap_bytes = rows.Int(row, 15);
                  relation.bytes = rows.Int(row, 16);
                  relation.estimated_rows = rows.Double(row, 17);
                  relation.file_node = static_cast<uint32_t>(rows.Int(row, 18));
                  relation.unlogged = rows.Bool(row, 19);
                  relation.has_replica_identity = rows.Bool(row, 20);
                  relation.indexes = static_cast<int>(rows.Int(row, 21));
                  catalog_.relations.emplace(relation.oid, std::move(relation));
                },
                {sizes_ == Sizes::kAll ? "true" : "false"});
  }

  absl::Status Dependents() {
    absl::Status status = Each(sql::kForeignKeys, [this](const Rows& rows, int row) {
      ForeignKey key;
      key.oid = OidAt(rows, row, 0);
      key.name = rows.Text(row, 1);
      key.from = OidAt(rows, row, 2);
      key.to = OidAt(rows, row, 3);
      key.on_delete = CharAt(rows, row, 4);
      key.deferrable = rows.Bool(row, 5);
      key.supporting_index = rows.Bool(row, 6);
      key.from_columns = rows.Array(row, 7);
      key.to_columns = rows.Array(row, 8);
      catalog_.foreign_keys.push_back(std::move(key));
    });
    if (!status.ok()) return status;
    status = Each(sql::kTriggers, [this](const Rows& rows, int row) {
      Trigger trigger;
      trigger.table = OidAt(rows, row, 0);
      trigger.name = rows.Text(row, 1);
      trigger.function = rows.Text(row, 2);
      trigger.on_insert = rows.Bool(row, 3);
      trigger.on_update = rows.Bool(row, 4);
      trigger.on_delete = rows.Bool(row, 5);
      trigger.on_truncate = rows.Bool(row, 6);
      trigger.enabled = CharAt(rows, row, 7);
      catalog_.triggers.push_back(std::move(trigger));
    });
    if (!status.ok()) return status;
    std::map<Oid, std::vector<Oid>> users;
    status = Each(sql::kSequenceUsers, [&users](const Rows& rows, int row) {
      users[OidAt(rows, row, 0)].push_back(OidAt(rows, row, 1));
    });
    if (!status.ok()) return status;
    status = Each(sql::kSequences, [this, &users](const Rows& rows, int row) {
      Sequence sequence;
      sequence.oid = OidAt(rows, row, 0);
      sequence.owner_table = OidAt(rows, row, 1);
      sequence.used_by = users[sequence.oid];
      if (sequence.owner_table != 0 &&
          std::count(sequence.used_by.begin(), sequence.used_by.end(), sequence.owner_table) == 0) {
        sequence.used_by.push_back(sequence.owner_table);
      }
      sequence.owned = rows.Bool(row, 2);
      sequence.start = rows.Int(row, 3);
      catalog_.sequences.push_back(std::move(sequence));
    });
    if (!status.ok()) return status;
    status = Each(sql::kRules, [this](const Rows& rows, int row) {
      catalog_.rules_on.push_back(rows.Text(row, 0));
      const auto found = catalog_.relations.find(OidAt(rows, row, 1));
      if (found != catalog_.relations.end()) found->second.delete_rule = rows.Bool(row, 2);
    });
    if (!status.ok()) return status;
    return Each(sql::kLargeObjects, [this](const Rows& rows, int row) {
      catalog_.large_objects.push_back({OidAt(rows, row, 0), rows.Text(row, 1)});
    });
  }

  // Materialized views with the tables and materialized views that they read, through any number of plain views.
  absl::Status Views() {
    std::map<Oid, std::vector<Oid>> reads;
    absl::Status status = Each(sql::kViewReads, [&reads](const Rows& rows, int row) {
      reads[OidAt(rows, row, 0)].push_back(OidAt(rows, row, 1));
    });
    if (!status.ok()) return status;
    return Each(sql::kMaterializedViews, [this, &reads](const Rows& rows, int row) {
      MaterializedView view;
      view.oid = OidAt(rows, row, 0);
      view.owned = rows.Bool(row, 1);
      view.populated = rows.Bool(row, 2);
      std::set<Oid> seen;
      std::vector<Oid> work = reads[view.oid];
      while (!work.empty()) {
        const Oid oid = work.back();
        work.pop_back();
        if (!seen.insert(oid).second) continue;
        const auto found = catalog_.relations.find(oid);
        if (found == catalog_.relations.end()) continue;
        if (found->second.kind == RelationKind::kView) {
          const std::vector<Oid>& below = reads[oid];
          work.insert(work.end(), below.begin(), below.end());
        } else {
          view.reads.push_back(oid);
        }
      }
      std::sort(view.reads.begin(), view.reads.end());
      catalog_.materialized_views.push_back(std::move(view));
    });
  }

  absl::Status Surroundings() {
    std::set<std::string> publications;
    absl::Status status =
        Each(sql::kPublications, [this, &publications](const Rows& rows, int row) {
          publications.insert(rows.Text(row, 0));
          const auto found = catalog_.relations.find(OidAt(rows, row, 1));
          if (found != catalog_.relations.end()) found->second.published = true;
        });
    if (!status.ok()) return status;
    catalog_.publications.assign(publications.begin(), publications.end());
    return Each(sql::kReplication, [this](const Rows& rows, int row) {
      catalog_.role = rows.Text(row, 0);
      catalog_.subscriptions = rows.Array(row, 1);
      catalog_.standbys = static_cast<int>(rows.Int(row, 2));
    });
  }

  absl::Status Objects() {
    return Each(sql::kObjects, [this](const Rows& rows, int row) {
      catalog_.objects.push_back({rows.Text(row, 0), rows.Text(row, 1), rows.Text(row, 2)});
    });
  }

  absl::Status MigrationContents() {
    absl::StatusOr<std::vector<CatalogObject>> contents = ReadMigrations(session_, catalog_);
    if (!contents.ok()) return contents.status();
    for (CatalogObject& line : *contents) catalog_.objects.push_back(std::move(line));
    return absl::OkStatus();
  }

  Session& session_;
  const Sizes sizes_;
  Catalog catalog_;
};

}  // namespace

absl::StatusOr<Catalog> ReadCatalog(Session& session, Sizes sizes) {
  return Reader(session, sizes).Read();
}

absl::StatusOr<std::string> ReadSchemaState(Session& session) {
  absl::StatusOr<Rows> rows = session.Query(sql::kCatalogState);
  if (!rows.ok()) return rows.status();
  return rows->Text(0, 0);
}

absl::StatusOr<std::string> ReadMigrationState(Session& session, const Catalog& catalog) {
  absl::StatusOr<std::vector<CatalogObject>> migrations = ReadMigrations(session, catalog);
  if (!migrations.ok()) return migrations.status();
  std::string state;
  for (const CatalogObject& line : *migrations) {
    absl::StrAppend(&state, line.name, "\n", line.definition, "\n");
  }
  return state;
}

absl::StatusOr<CatalogState> ReadCatalogState(Session& session, const Catalog& catalog) {
  absl::StatusOr<std::string> schema = ReadSchemaState(session);
  if (!schema.ok()) return schema.status();
  absl::StatusOr<std::string> migrations = ReadMigrationState(session, catalog);
  if (!migrations.ok()) return migrations.status();
  return CatalogState{*std::move(schema), *std::move(migrations)};
}

absl::Status ReadStorage(Session& session, Catalog* catalog) {
  absl::StatusOr<Rows> rows = session.Query(sql::kStorage);
  if (!rows.ok()) return rows.status();
  std::set<Oid> populated;
  for (int row = 0; row < rows->size(); ++row) {
    const auto found = catalog->relations.find(OidAt(*rows, row, 0));
    if (found == catalog->relations.end()) continue;
    found->second.heap_bytes = rows->Int(row, 1);
    found->second.file_node = static_cast<uint32_t>(rows->Int(row, 2));
    if (rows->Bool(row, 3)) populated.insert(found->first);
  }
  for (MaterializedView& view : catalog->materialized_views) {
    view.populated = populated.count(view.oid) > 0;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<Oid, int64_t>> ReadHeapBytes(Session& session,
                                                     const std::set<Oid>& tables) {
  absl::StatusOr<Rows> rows = session.Query(
      "select c.oid, pg_catalog.pg_relation_size(c.oid) from pg_catalog.pg_class c "
      "where c.oid = any ($1::oid[]) and c.relkind = 'r'",
      {OidArray(tables)});
  if (!rows.ok()) return rows.status();
  std::map<Oid, int64_t> bytes;
  for (int row = 0; row < rows->size(); ++row) bytes[OidAt(*rows, row, 0)] = rows->Int(row, 1);
  return bytes;
}

}  // namespace resetctl::agent

#include "agent/postgres/survey.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/names.h"
#include "agent/domain/recreate_plan.h"
#include "agent/domain/table_index.h"
#include "agent/postgres/catalog_queries.h"
#include "agent/postgres/catalog_reader.h"
#include "agent/postgres/column_reader.h"
#include "agent/postgres/identity.h"
#include "agent/postgres/row_counter.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// Isolation and access are spelled out: a role's defaults must not change what a snapshot means.
constexpr char kBegin[] =
    "begin transaction isolation level repeatable read, read only;"
    "set local row_security = off;"
    "set local lock_timeout = '10s';"
    "set local statement_timeout = '5min';"
    "set local idle_in_transaction_session_timeout = '2min';"
    "set local search_path = pg_catalog, pg_temp";

// pg_class entries, locks: a table, its indexes, its toast table and that one's index, as measured.
constexpr int64_t kLocksPerTruncate = 8;

class Surveyor {
 public:
  Surveyor(Session& session, const contract::Blueprint& blueprint,
           const contract::BundleFiles& bundle,
           const std::vector<contract::RecreateStepSpec>& steps)
      : session_(session), blueprint_(blueprint), bundle_(bundle), steps_(steps) {}

  absl::StatusOr<Survey> Make() {
    absl::Status status = RefusePooler(session_);
    if (!status.ok()) return status;
    absl::StatusOr<Rows> surroundings = session_.Query(sql::kSurroundings);
    if (!surroundings.ok()) return surroundings.status();
    absl::StatusOr<v1::DatabaseIdentity> identity = ReadIdentity(session_);
    if (!identity.ok()) return identity.status();
    *document().mutable_database() = *std::move(identity);
    if (IsReadOnly(*surroundings)) return std::move(survey_);

    absl::StatusOr<Catalog> catalog = ReadCatalog(session_);
    if (!catalog.ok()) return catalog.status();
    const TableIndex index(*catalog, blueprint_);
    ClearPlan plan = PlanClear(*catalog, blueprint_, steps_);
    CountedRows counted;
    status = Count(index, plan, &counted);
    if (!status.ok()) return status;
    plan = PlanClear(*catalog, blueprint_, steps_, counted);  // the same, with numbers in its texts

    survey_.problems = plan.problems;
    document().mutable_warnings()->Assign(plan.warnings.begin(), plan.warnings.end());
    DescribeFingerprint(*catalog);
    DescribeCleared(index, plan, counted);
    DescribeKept(index, plan, counted);
    const absl::StatusOr<ColumnsByTable> columns =
        ReadColumns(session_, TablesOfSteps(index, plan, steps_));
    if (!columns.ok()) return columns.status();
    DescribeRest(index, plan, *columns);
    WarnAbout(index, plan, *surroundings);
    return std::move(survey_);
  }

 private:
  v1::PlanDocument& document() { return survey_.document; }

  v1::Problem* Warn(const std::string& what, const std::string& advice) {
    *document().add_warnings() = contract::MakeProblem(v1::REASON_UNSPECIFIED, what, advice);
    return document().mutable_warnings(document().warnings_size() - 1);
  }

  bool IsReadOnly(const Rows& surroundings) {
    if (surroundings.Bool(0, 0)) {
      survey_.problems.push_back(
          contract::MakeProblem(v1::REASON_DATABASE_READ_ONLY,
                                "This server is a standby, and standbys cannot be written to.",
                                "Give the agent the primary's address."));
      return true;
    }
    if (surroundings.Bool(0, 1)) {
      survey_.problems.push_back(contract::MakeProblem(
          v1::REASON_DATABASE_READ_ONLY,
          "Somebody has made this database read-only (default_transaction_read_only = on).",
          "Find out why; set it back to off when a reset is welcome."));
      return true;
    }
    return false;
  }

  absl::Status Count(const TableIndex& index, const ClearPlan& plan, CountedRows* counted) {
    std::vector<Oid> tables = plan.truncate_roots;
    for (const PlannedKeep& keep : plan.kept) tables.push_back(keep.table);
    tables.insert(tables.end(), plan.unlisted.begin(), plan.unlisted.end());
    absl::Status status = CountTables(session_, index, tables, &counted->tables);
    if (!status.ok()) return status;
    return CountReferences(session_, index, plan.kept_references, &counted->references);
  }

  void DescribeFingerprint(const Catalog& catalog) {
    const std::vector<CatalogObject> objects = FingerprintObjects(catalog, blueprint_);
    document().set_schema_fingerprint(Fingerprint(objects));
    for (const CatalogObject& object : objects) {
      v1::SchemaObject* line = document().add_schema_objects();
      line->set_name(object.name);
      line->set_definition(object.definition);
    }
  }

  int64_t BytesOf(const TableIndex& index, Oid table) {
    int64_t bytes = 0;
    for (const Oid member : index.TreeOf(table)) bytes += index.Find(member)->bytes;
    return bytes;
  }

  void DescribeCleared(const TableIndex& index, const ClearPlan& plan, const CountedRows& counted) {
    int64_t rows_total = 0, bytes_total = 0;
    for (const PlannedGroup& group : plan.groups) {
      v1::ClearGroup* lines = document().add_groups();
      lines->set_name(group.name);
      for (const Oid oid : group.tables) {
        const Relation& table = *index.Find(oid);
        v1::ClearTable* line = lines->add_tables();
        line->set_schema(table.schema);
        line->set_name(table.name);
        line->set_oid(oid);
        line->set_bytes(BytesOf(index, oid));
        line->set_strategy(v1::CLEAR_STRATEGY_TRUNCATE);
        const auto rows = counted.tables.find(oid);
        line->set_uncountable(rows == counted.tables.end());
        if (rows != counted.tables.end()) line->set_rows(rows->second);
        rows_total += line->rows();
        bytes_total += line->bytes();
      }
    }
    document().set_rows_total(rows_total);
    document().set_bytes_total(bytes_total);
  }

  void DescribeKept(const TableIndex& index, const ClearPlan& plan, const CountedRows& counted) {
    for (const PlannedKeep& keep : plan.kept) {
      const Relation& table = *index.Find(keep.table);
      v1::KeptTable* line = document().add_kept();
      line->set_schema(table.schema);
      line->set_name(table.name);
      line->set_oid(keep.table);
      line->set_bytes(BytesOf(index, keep.table));
      line->set_why(keep.why);
      line->set_writes_declared(keep.writes_declared);
      const auto rows = counted.tables.find(keep.table);
      if (rows != counted.tables.end()) {
        line->set_rows(rows->second);
      } else {
        double estimate = 0;
        for (const Oid member : index.TreeOf(keep.table)) {
          if (index.Find(member)->kind != RelationKind::kPartitioned) {
            estimate += std::max(0.0, index.Find(member)->estimated_rows);
          }
        }
        line->set_estimated(true);
        line->set_rows(static_cast<int64_t>(estimate));
      }
    }
  }

  void DescribeRest(const TableIndex& index, const ClearPlan& plan, const ColumnsByTable& columns) {
    for (const std::string& schema : plan.out_of_scope) {
      document().add_out_of_scope_schemas(schema);
    }
    std::map<Oid, Oid> owners;
    for (const Sequence& sequence : index.catalog().sequences) {
      owners[sequence.oid] = sequence.owner_table;
    }
    for (const Oid oid : plan.restarted_sequences) {
      v1::SequencePlan* line = document().add_sequences();
      line->set_schema(index.Find(oid)->schema);
      line->set_name(index.Find(oid)->name);
      if (owners[oid] != 0) line->set_owner_table(index.Name(owners[oid]));
    }
    for (const Oid view : plan.refreshed_views) {
      document().add_materialized_views(index.Find(view)->quoted);
    }
    for (v1::RecreateStep& step :
         DescribeSteps(index, plan, steps_, bundle_, columns, &survey_.problems)) {
      *document().add_recreate() = std::move(step);
    }
    for (const PlannedSideEffect& effect : plan.side_effects) {
      v1::SideEffect* line = document().add_side_effects();
      line->set_text(effect.text);
      line->mutable_objects()->Assign(effect.objects.begin(), effect.objects.end());
    }
    const std::vector<std::string>& schemas = index.catalog().schemas;
    document().set_creates_resetctl_schema(
        !std::binary_search(schemas.begin(), schemas.end(), std::string(kOwnSchema)));
  }

  void WarnAbout(const TableIndex& index, const ClearPlan& plan, const Rows& server) {
    const Catalog& catalog = index.catalog();
    if (document().creates_resetctl_schema() && !server.Bool(0, 7)) {
      survey_.problems.push_back(contract::MakeProblem(
          v1::REASON_PRIVILEGE_MISSING,
          absl::StrCat(
              "Role ", catalog.role,
              " may not create the schema resetctl, which holds the record of all resets."),
          absl::StrCat("As the database's owner: GRANT CREATE ON DATABASE ", server.Text(0, 8),
                       " TO ", QuoteForSql(catalog.role), ";")));
    }
    std::vector<std::string> logging;
    if (server.Text(0, 2) == "mod" || server.Text(0, 2) == "all") {
      logging.push_back(absl::StrCat("log_statement = ", server.Text(0, 2)));
    }
    if (server.Text(0, 3) != "-1") {
      logging.push_back(absl::StrCat("log_min_duration_statement = ", server.Text(0, 3)));
    }
    if (server.Text(0, 4) != "-1") {
      logging.push_back(absl::StrCat("auto_explain.log_min_duration = ", server.Text(0, 4)));
    }
    if (!logging.empty()) {
      Warn(absl::StrCat("The server writes statements to its log (", absl::StrJoin(logging, ", "),
                        "): what recreate steps contain can be read there."),
           "Secrets do not reach SQL; switch the logging off for this role if the rest is too "
           "much.");
    }
    if (catalog.standbys > 0) {
      Warn(server.Text(0, 5).empty()
               ? absl::StrCat(
                     catalog.standbys,
                     catalog.standbys == 1 ? " standby follows" : " standbys follow",
                     " asynchronously: a failover right after the commit could bring the old rows "
                     "back, and queries there may be cancelled.")
               : absl::StrCat(catalog.standbys,
                              catalog.standbys == 1 ? " standby follows" : " standbys follow",
                              ": queries there may be cancelled, or replay waits for them."),
           "Check the standbys after the run.");
    }
    v1::Problem published;
    for (const Oid root : plan.truncate_roots) {
      const std::vector<Oid> tree = index.TreeOf(root);
      if (std::any_of(tree.begin(), tree.end(),
                      [&index](Oid oid) { return index.Find(oid)->published; })) {
        published.add_objects(index.Name(root));
      }
    }
    if (published.objects_size() > 0) {
      v1::Problem* warning = Warn(
          absl::StrCat(
              published.objects_size(), published.objects_size() == 1 ? " table" : " tables",
              " to be cleared ", published.objects_size() == 1 ? "is" : "are", " published (",
              absl::StrJoin(catalog.publications, ", "),
              "): subscribers follow, or keep the old rows where `truncate` is not published."),
          "Look after the subscribers.");
      *warning->mutable_objects() = published.objects();
    }
    if (const std::vector<std::string> slots = server.Array(0, 9); !slots.empty()) {
      Warn(absl::StrCat(
               "Logical replication slots hand every change on: ", absl::StrJoin(slots, ", "), "."),
           "Tell those who read them.");
    }
    const int64_t locks = kLocksPerTruncate * static_cast<int64_t>(plan.cleared.size());
    if (locks > server.Int(0, 6)) {
      Warn(
          absl::StrCat("Clearing ", plan.cleared.size(), " tables at once takes about ",
                       WithThousands(locks), " locks, and the server has room for ",
                       WithThousands(server.Int(0, 6)), "."),
          "Raise max_locks_per_transaction, or the run may be refused (nothing would be changed).");
    }
  }

  Session& session_;
  const contract::Blueprint& blueprint_;
  const contract::BundleFiles& bundle_;
  const std::vector<contract::RecreateStepSpec>& steps_;
  Survey survey_;
};

}  // namespace

absl::StatusOr<Survey> MakeDatabaseSurvey(Session& session, const contract::Blueprint& blueprint,
                                          const contract::BundleFiles& bundle,
                                          const std::vector<contract::RecreateStepSpec>& steps) {
  absl::Status begun = session.Execute(kBegin);
  if (!begun.ok()) return begun;
  absl::StatusOr<Survey> survey = Surveyor(session, blueprint, bundle, steps).Make();
  // Nothing was written, so a failure of this changes no answer.
  (void)session.Execute("rollback");
  return survey;
}

}  // namespace resetctl::agent

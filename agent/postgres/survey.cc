#include "agent/postgres/survey.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/names.h"
#include "agent/domain/plan_document.h"
#include "agent/domain/recreate_plan.h"
#include "agent/domain/table_index.h"
#include "agent/postgres/catalog_queries.h"
#include "agent/postgres/catalog_reader.h"
#include "agent/postgres/column_reader.h"
#include "agent/postgres/identity.h"
#include "agent/postgres/large_objects.h"
#include "agent/postgres/residue.h"
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

class Surveyor {
 public:
  Surveyor(Session& session, const contract::Blueprint& blueprint,
           const contract::BundleFiles& bundle,
           const std::vector<contract::RecreateStepSpec>& steps, const base::Secret& url,
           const CountOptions& counting, CatalogMemory& memory)
      : session_(session),
        blueprint_(blueprint),
        bundle_(bundle),
        steps_(steps),
        url_(url),
        counting_(counting),
        memory_(memory) {}

  absl::StatusOr<Survey> Make() {
    absl::Status status = RefusePooler(session_);
    if (!status.ok()) return status;
    absl::StatusOr<Rows> surroundings = session_.QueryOwn(sql::kSurroundings);
    if (!surroundings.ok()) return surroundings.status();
    absl::StatusOr<v1::DatabaseIdentity> identity = ReadIdentity(session_);
    if (!identity.ok()) return identity.status();
    *document().mutable_database() = *std::move(identity);
    if (IsReadOnly(*surroundings)) return std::move(survey_);
    max_locks_ = surroundings->Int(0, 10);

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
    DescribeClearPlan(index, blueprint_, plan, counted, &document());
    const absl::StatusOr<ColumnsByTable> columns =
        ReadColumns(session_, TablesOfSteps(index, plan, steps_));
    if (!columns.ok()) return columns.status();
    for (v1::RecreateStep& step :
         DescribeSteps(index, plan, steps_, bundle_, *columns, &survey_.problems)) {
      *document().add_recreate() = std::move(step);
    }
    status = AskMore(index, plan, *surroundings);
    if (!status.ok()) return status;
    WarnAbout(index, plan, *surroundings);
    absl::StatusOr<CatalogState> state = ReadCatalogState(session_, *catalog);
    if (!state.ok()) return state.status();
    memory_.Keep({*std::move(catalog), *std::move(state)});  // `index` goes with it
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
    std::vector<Oid> tables = plan.cleared_roots;
    for (const PlannedKeep& keep : plan.kept) tables.push_back(keep.table);
    tables.insert(tables.end(), plan.unlisted.begin(), plan.unlisted.end());
    RowCounter counter(session_, url_, counting_);
    absl::Status status = counter.CountTables(index, tables, &counted->tables);
    if (!status.ok()) return status;
    return counter.CountReferences(index, plan.kept_references, &counted->references);
  }

  // Facts that only the server knows.
  absl::Status AskMore(const TableIndex& index, const ClearPlan& plan, const Rows& server) {
    document().mutable_forecast()->set_lock_room(server.Int(0, 6));
    absl::StatusOr<std::vector<v1::Residue>> residue = ReadResidue(session_, index, plan);
    if (!residue.ok()) return residue.status();
    document().mutable_residue()->Assign(residue->begin(), residue->end());
    return CountLargeObjects(session_, index, plan, &document());
  }

  void WarnAbout(const TableIndex& index, const ClearPlan& plan, const Rows& server) {
    const Catalog& catalog = index.catalog();
    if (!server.Bool(0, 7)) {
      const std::string schema = QuoteForSql(catalog.own_schema);
      const std::string role = QuoteForSql(catalog.role);
      const bool none = document().creates_resetctl_schema();
      survey_.problems.push_back(contract::MakeProblem(
          v1::REASON_PRIVILEGE_MISSING,
          absl::StrCat("Role ", catalog.role, " may not create ",
                       none ? "the schema " : "its tables in the schema ", catalog.own_schema,
                       ", which holds the record of all resets."),
          none ? absl::StrCat("As the database's owner: CREATE SCHEMA ", schema, " AUTHORIZATION ",
                              role, ";")
               : absl::StrCat("As the schema's owner: GRANT USAGE, CREATE ON SCHEMA ", schema,
                              " TO ", role, ";")));
    }
    if (document().database().system_identifier().empty()) {
      Warn(
          "The server does not tell its system identifier: the database is known by its name, its "
          "OID and the mark that the first reset leaves in it.",
          absl::StrCat("GRANT EXECUTE ON FUNCTION pg_control_system() TO ",
                       QuoteForSql(catalog.role), ";"));
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
    for (const Oid root : plan.cleared_roots) {
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
    CheckLockRoom(document().forecast());
  }

  // Refused before anything is locked, rather than in the middle ("out of shared memory").
  void CheckLockRoom(const v1::ClearForecast& forecast) {
    const int64_t needed = forecast.lock_entries();
    if (needed <= forecast.lock_room() / 2) return;
    const std::string what = absl::StrCat(
        "Clearing takes about ", WithThousands(needed), " locks, and the server has room for ",
        WithThousands(forecast.lock_room()), ", for all sessions together");
    // The setting counts for each connection that the server allows.
    const int64_t setting =
        max_locks_ * (needed * 3 / 2) / std::max<int64_t>(forecast.lock_room(), 1) + 1;
    const std::string advice = absl::StrCat("Set max_locks_per_transaction to ", setting, " (now ",
                                            max_locks_, ") and restart the server");
    if (needed > forecast.lock_room()) {
      survey_.problems.push_back(
          contract::MakeProblem(v1::REASON_LOCKS_INSUFFICIENT, absl::StrCat(what, "."),
                                absl::StrCat(advice, ", or clear fewer tables in one run.")));
    } else {
      Warn(absl::StrCat(what, "."), absl::StrCat(advice, ", if the run is refused for it."));
    }
  }

  Session& session_;
  const contract::Blueprint& blueprint_;
  const contract::BundleFiles& bundle_;
  const std::vector<contract::RecreateStepSpec>& steps_;
  const base::Secret& url_;
  const CountOptions& counting_;
  CatalogMemory& memory_;
  int64_t max_locks_ = 0;
  Survey survey_;
};

}  // namespace

absl::StatusOr<Survey> MakeDatabaseSurvey(Session& session, const contract::Blueprint& blueprint,
                                          const contract::BundleFiles& bundle,
                                          const std::vector<contract::RecreateStepSpec>& steps,
                                          const base::Secret& url, const CountOptions& counting,
                                          CatalogMemory& memory) {
  absl::Status begun = session.Execute(kBegin);
  if (!begun.ok()) return begun;
  absl::StatusOr<Survey> survey =
      Surveyor(session, blueprint, bundle, steps, url, counting, memory).Make();
  // Nothing was written, so a failure of this changes no answer.
  (void)session.Execute("rollback");
  return survey;
}

}  // namespace resetctl::agent

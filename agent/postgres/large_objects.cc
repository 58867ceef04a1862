#include "agent/postgres/large_objects.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr int64_t kInTransaction = 5000;
constexpr int64_t kBatch = 1000;

// The objects that a column names: 'select body::oid from only "public"."documents" where body is not null'.
std::string Named(Session& session, const Relation& table, const std::string& column) {
  const std::string quoted = session.QuoteIdentifier(column);
  return absl::StrCat("select ", quoted, "::pg_catalog.oid as oid from ", Alone(table), " where ",
                      quoted, " is not null");
}

// Unlinks up to `limit` of the run's noted objects, and takes them off the list. Somebody else may have unlinked one.
absl::StatusOr<int64_t> UnlinkSome(Session& session, absl::string_view run_id, int64_t limit) {
  absl::StatusOr<Rows> rows = session.QueryOwn(
      absl::StrCat(
          "with noted as (delete from resetctl.large_object where run = $1 and oid in "
          "(select oid from resetctl.large_object where run = $1 order by oid limit ",
          limit,
          ") returning oid) "
          "select pg_catalog.count(*), pg_catalog.sum(pg_catalog.lo_unlink(n.oid)) from noted n "
          "where exists (select from pg_catalog.pg_largeobject_metadata m where m.oid = n.oid)"),
      {base::Str(run_id)});
  if (!rows.ok()) return rows.status();
  return rows->Int(0, 0);
}

absl::StatusOr<int64_t> Left(Session& session, absl::string_view run_id) {
  absl::StatusOr<Rows> rows = session.QueryOwn(
      "select pg_catalog.count(*) from resetctl.large_object where run = $1", {base::Str(run_id)});
  if (!rows.ok()) return rows.status();
  return rows->Int(0, 0);
}

}  // namespace

absl::Status CountLargeObjects(Session& session, const TableIndex& index, const ClearPlan& plan,
                               v1::PlanDocument* document) {
  for (const LargeObjectColumn& column : plan.large_objects) {
    const Relation& table = *index.Find(column.table);
    if (!index.IsCountable(column.table)) continue;
    absl::StatusOr<Rows> rows = session.Query(
        absl::StrCat("select pg_catalog.count(*), pg_catalog.count(*) filter (where not "
                     "pg_catalog.pg_has_role(m.lomowner, 'usage')) from (",
                     Named(session, table, column.column),
                     ") o join pg_catalog.pg_largeobject_metadata m on m.oid = o.oid"));
    if (!rows.ok()) return rows.status();
    v1::LargeObjectColumn* line = document->add_large_objects();
    line->set_table(absl::StrCat(table.schema, ".", table.name));
    line->set_column(column.column);
    line->set_objects(rows->Int(0, 0));
    if (rows->Int(0, 1) == 0) continue;
    *document->add_warnings() = contract::MakeProblem(
        v1::REASON_PRIVILEGE_MISSING,
        absl::StrCat(Thousands(rows->Int(0, 1)), " large objects that ", line->table(), ".",
                     column.column, " names belong to other roles: the run would fail on them."),
        absl::StrCat("Let ", index.catalog().role, " own them: ALTER LARGE OBJECT ... OWNER TO."));
  }
  return absl::OkStatus();
}

absl::Status CollectLargeObjects(RunContext& run) {
  if (run.clear.large_objects.empty()) return absl::OkStatus();
  std::vector<std::string> cleared, kept;
  for (const LargeObjectColumn& column : run.clear.large_objects) {
    cleared.push_back(Named(run.session, run.At(column.table), column.column));
  }
  for (const LargeObjectColumn& column : run.clear.kept_large_objects) {
    kept.push_back(Named(run.session, run.At(column.table), column.column));
  }
  return run.session
      .Query(absl::StrCat("insert into ", run.session.QuoteIdentifier(run.session.own_schema()),
                          ".large_object (run, oid) select $1, o.oid from (",
                          absl::StrJoin(cleared, " union "),
                          ") o where exists (select from pg_catalog.pg_largeobject_metadata m "
                          "where m.oid = o.oid)",
                          kept.empty() ? ""
                                       : absl::StrCat(" and o.oid not in (",
                                                      absl::StrJoin(kept, " union "), ")")),
             {run.order.run_id})
      .status();
}

absl::Status UnlinkLargeObjects(RunContext& run) {
  if (run.clear.large_objects.empty()) return absl::OkStatus();
  const v1::ClearForecast& forecast = run.order.plan->forecast();
  const int64_t room = forecast.lock_room() / 2 - forecast.lock_entries();
  const absl::StatusOr<int64_t> removed =
      UnlinkSome(run.session, run.order.run_id, std::clamp<int64_t>(room, 0, kInTransaction));
  if (!removed.ok()) return removed.status();
  const absl::StatusOr<int64_t> left = Left(run.session, run.order.run_id);
  if (!left.ok()) return left.status();
  run.result.set_large_objects_removed(*removed);
  run.result.set_large_objects_left(*left);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> RemoveNotedLargeObjects(Session& session, absl::string_view run_id) {
  int64_t all = 0;
  for (;;) {
    const absl::StatusOr<int64_t> left = Left(session, run_id);
    if (!left.ok()) return left.status();
    if (*left == 0) return all;
    const absl::StatusOr<int64_t> removed = UnlinkSome(session, run_id, kBatch);
    if (!removed.ok()) return removed.status();
    all += *removed;
  }
}

}  // namespace resetctl::agent

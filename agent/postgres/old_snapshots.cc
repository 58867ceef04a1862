#include "agent/postgres/old_snapshots.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

absl::Status FindOldSnapshots(RunContext& run, v1::RunResult* result) {
  if (run.clear_order.truncated.empty()) return absl::OkStatus();
  // A snapshot that is newer than the commit can be held back to an older xid by somebody else's transaction, so the
  // transaction's start counts too, where our role may see it.
  absl::StatusOr<Rows> rows = run.session.Query(
      "select a.pid, coalesce(a.usename, ''), coalesce(a.application_name, '') "
      "from pg_catalog.pg_stat_activity a "
      "where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid() "
      "and pg_catalog.age(a.backend_xmin) >= pg_catalog.age($1::xid8::xid) "
      "and coalesce(a.xact_start < pg_catalog.now(), true) order by 1",
      {result->xid()});
  if (!rows.ok()) return rows.status();
  if (rows->size() == 0) return absl::OkStatus();
  v1::Problem* warning = result->add_warnings();
  *warning = contract::MakeProblem(
      v1::REASON_UNSPECIFIED,
      absl::StrCat(rows->size(), rows->size() == 1 ? " session reads" : " sessions read",
                   " with a snapshot from before this reset, in which the truncated tables are "
                   "empty and the others as they were."),
      "What it reads now is a state that never was: let it begin anew (a dump, a report).");
  for (int row = 0; row < rows->size(); ++row) {
    warning->add_objects(
        absl::StrCat("pid ", rows->Text(row, 0), ", role ", rows->Text(row, 1),
                     rows->Text(row, 2).empty() ? "" : absl::StrCat(", ", rows->Text(row, 2))));
  }
  return absl::OkStatus();
}

}  // namespace resetctl::agent

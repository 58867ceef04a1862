#ifndef RESETCTL_AGENT_POSTGRES_ROW_STAGING_H_
#define RESETCTL_AGENT_POSTGRES_ROW_STAGING_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/domain/columns.h"
#include "agent/domain/lookup_plan.h"
#include "agent/postgres/record_source.h"
#include "agent/postgres/run_context.h"

namespace resetctl::agent {

// What one load is about, resolved against the catalog.
struct LoadTarget {
  const Relation& table;
  const ColumnsByTable& columns;
  const std::vector<PlannedLookup>& lookups;
};

// Records on their way through temporary tables: where references are looked up, where row security refuses COPY, and where
// the record that a server error means has to be found.
//
// `resetctl_rows` holds the records as they are written, in columns c0, c1, ... of the types that the catalog says, numbered
// in the order in which they came; for a lookup into the table itself also what its rows will be given, made here by the
// column's own default. `resetctl_ready`, made from it by one statement and so from one snapshot, has a column x0, x1, ... for
// each one that is inserted. Both are gone after Insert().
class RowStaging {
 public:
  RowStaging(RunContext& run, const LoadTarget& target, RecordSource& source);

  // `copy` sends the source's records to the COPY statement it is given.
  using Copier = std::function<absl::StatusOr<int64_t>(const std::string& statement)>;
  absl::Status Fill(const Copier& copy);
  // A key that matches no row, or several: the source's reason with file, line and column. The search path is pg_catalog's
  // alone afterwards.
  absl::Status LookUp();
  // Under the blueprint's search path. The number of rows that the server says it took. Drops what is left of the tables.
  absl::StatusOr<int64_t> Insert();

  // After Fill() and LookUp(): which record `error` of an insertion means. Puts the rows in one by one, so that whatever it is
  // (a constraint, a trigger) shows itself again; only a missing row of a foreign key is asked for directly, as rows of one
  // file may refer to each other. The transaction is to be rolled back afterwards. Nothing when it cannot be told.
  std::optional<int64_t> FindRecord(const ServerError& error);

 private:
  struct Inserted {
    std::string name;   // of the target's column
    std::string value;  // an expression over the FROM clause of resetctl_ready
  };

  const TableColumns& ColumnsOf(Oid table) const { return target_.columns.at(table); }
  std::optional<size_t> FieldOf(absl::string_view name) const;
  std::string Definition();
  std::string JoinOf(size_t number);
  std::string MatchesOf(size_t number);
  absl::Status CheckMatches(size_t number);
  std::string InsertedColumns() const;
  std::optional<int64_t> FindMissingReference(const ForeignKey& key);

  RunContext& run_;
  const LoadTarget target_;
  RecordSource& source_;
  std::vector<Inserted> inserted_;
  std::vector<std::string>
      own_values_;  // of each lookup into the table itself: its column in resetctl_rows
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_ROW_STAGING_H_

#ifndef RESETCTL_AGENT_POSTGRES_ROW_COUNTER_H_
#define RESETCTL_AGENT_POSTGRES_ROW_COUNTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "agent/domain/clear_plan.h"
#include "agent/domain/table_index.h"
#include "agent/postgres/session.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// How counting may use the server; `counting:` of agent.yaml.
struct CountOptions {
  int connections = 2;                  // at the most, the caller's own included
  int64_t estimate_above = 16LL << 30;  // bytes of heap; larger tables are sampled, not read
  int64_t parallel_above = 32LL << 20;  // bytes of heap in all; less is not worth a connection
};

// Counts rows in one snapshot: that of `session`, whose REPEATABLE READ transaction is open with row_security off. Large
// amounts are shared out to more connections, which import the snapshot; the biggest tables come first. A connection that
// cannot be had is done without. A heap of zero bytes is certainly empty and is not asked about.
class RowCounter {
 public:
  // `going` is asked between two queries; its error ends the counting.
  RowCounter(
      Session& session, const base::Secret& url, const CountOptions& options,
      std::function<absl::Status()> going = [] { return absl::OkStatus(); });

  // The countable ones (TableIndex::IsCountable) among `tables`; partition roots with their trees, tables of plain
  // inheritance alone.
  absl::Status CountTables(const TableIndex& index, const std::vector<Oid>& tables,
                           std::map<Oid, RowCount>* rows);
  // Rows that use each of these foreign keys: all of its columns are set.
  absl::Status CountReferences(const TableIndex& index, const std::vector<Oid>& foreign_keys,
                               std::map<Oid, int64_t>* rows);

 private:
  Session& session_;
  const base::Secret url_;
  const CountOptions options_;
  const std::function<absl::Status()> going_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_ROW_COUNTER_H_

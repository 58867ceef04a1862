#ifndef RESETCTL_AGENT_DOMAIN_CLEAR_STRATEGY_H_
#define RESETCTL_AGENT_DOMAIN_CLEAR_STRATEGY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/domain/catalog.h"

namespace resetctl::agent {

class TableIndex;
struct ClearPlan;
struct CountedRows;

struct RowCount {
  int64_t rows = 0;
  bool estimated = false;
};

// How one table (or partition tree) becomes empty. TRUNCATE has a fixed price for each table, index and toast table, in new
// files that must reach the disk; DELETE a price for each row. Most tables of most databases are small: measured figures
// are in POSTGRES.md, "How to clear".
enum class ClearStrategy { kUntouched, kTruncate, kDelete };

struct TableStrategy {
  ClearStrategy strategy = ClearStrategy::kTruncate;
  std::string reason;  // for people: 'empty', 'large', 'references users, which is truncated'
};

// Heaps above this are truncated; below it a DELETE is cheaper than new files.
inline constexpr int64_t kLargeHeapBytes = 4 << 20;
// And tables above this with their indexes and TOAST: DELETE goes through every piece of a long value.
inline constexpr int64_t kLargeTotalBytes = 64 << 20;
// Rows above which each deleted one may not cost a scan of a referencing table.
inline constexpr int64_t kManyRows = 300;

// Chooses for each of plan->cleared_roots. The truncated ones are closed over the tables that reference them, as TRUNCATE
// demands. A table that kept rows reference by NULL alone cannot be truncated, nor can what it references: there the way is
// DELETE, and a problem where that one is closed too.
void ChooseStrategies(const TableIndex& index, const CountedRows& counted, ClearPlan* plan);

// Under the locks, where sizes (Relation::heap_bytes) are final: nothing is done to a tree that has never been written to since
// it was last emptied, unless TRUNCATE of a filled one has to name it. A table planned to be truncated is never deleted from.
void SettleStrategies(const TableIndex& index, const std::vector<Oid>& roots,
                      std::map<Oid, ClearStrategy>* strategies);

// In which order strategies are carried out.
struct ClearOrder {
  std::vector<Oid> truncated;             // one statement; sorted by name
  std::vector<std::vector<Oid>> deleted;  // one statement each: a table, or a cycle of references
};
ClearOrder OrderClear(const TableIndex& index, const ClearPlan& plan,
                      const std::map<Oid, ClearStrategy>& strategies);

// What clearing will cost. Sizes are the catalog's, rows the counts'.
struct ClearCost {
  int64_t wal_bytes = 0;
  int64_t dead_bytes = 0;    // left for VACUUM by DELETE
  int64_t lock_entries = 0;  // of the server's shared lock table, at the most
};
ClearCost ForecastCost(const TableIndex& index, const ClearPlan& plan, const CountedRows& counted);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_DOMAIN_CLEAR_STRATEGY_H_

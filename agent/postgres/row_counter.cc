#include "agent/postgres/row_counter.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace resetctl::agent {
namespace {

constexpr size_t kTablesPerQuery = 64;
constexpr int64_t kBlocksPerQuery =
    128 << 10;  // 1 GB: large tables do not share one statement's budget

struct CountQuery {
  std::string sql;  // selects an OID and a number
  int64_t blocks;   // that it reads
};

int64_t BlocksOf(const TableIndex& index, Oid table) {
  int64_t blocks = 0;
  for (const Oid member : index.TreeOf(table)) blocks += index.Find(member)->blocks;
  return blocks;
}

// A partitioned table has no rows of its own; any other is counted without what inherits from it.
std::string From(const Relation& table) {
  return absl::StrCat(table.kind == RelationKind::kPartitioned ? "" : "only ", table.quoted);
}

// Few round trips for many small ones. Each batch runs in a subtransaction that is
// rolled back: that gives the locks back at once (a table's and its indexes' stay till the end of a transaction, and thousands
// of them are more than a server with default settings has room for), while the snapshot stays the same.
absl::Status RunCounts(Session& session, const std::vector<CountQuery>& queries,
                       std::map<Oid, int64_t>* rows) {
  for (size_t to = 0; to < queries.size();) {
    std::string sql;
    int64_t blocks = 0;
    for (const size_t from = to; to < queries.size() && to < from + kTablesPerQuery; ++to) {
      blocks += queries[to].blocks;
      if (to > from && blocks > kBlocksPerQuery) break;
      absl::StrAppend(&sql, to > from ? " union all " : "", queries[to].sql);
    }
    absl::Status status = session.Execute("savepoint resetctl_count");
    if (!status.ok()) return status;
    absl::StatusOr<Rows> answer = session.Query(sql);
    if (!answer.ok()) return answer.status();
    for (int row = 0; row < answer->size(); ++row) {
      (*rows)[static_cast<Oid>(answer->Int(row, 0))] = answer->Int(row, 1);
    }
    status =
        session.Execute("rollback to savepoint resetctl_count; release savepoint resetctl_count");
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

bool IsCountable(const TableIndex& index, Oid table) {
  const Relation* relation = index.Find(table);
  if (relation == nullptr || !relation->may_select || !relation->schema_usage ||
      relation->row_security_hides) {
    return false;
  }
  const std::vector<Oid> tree = index.TreeOf(table);
  return std::none_of(tree.begin(), tree.end(), [&index](Oid member) {
    return index.Find(member)->kind == RelationKind::kForeign;
  });
}

absl::Status CountTables(Session& session, const TableIndex& index, const std::vector<Oid>& tables,
                         std::map<Oid, int64_t>* rows) {
  std::vector<CountQuery> queries;
  for (const Oid table : tables) {
    if (!IsCountable(index, table)) continue;
    queries.push_back({absl::StrCat("select ", table, "::oid, (select pg_catalog.count(*) from ",
                                    From(*index.Find(table)), ")"),
                       BlocksOf(index, table)});
  }
  return RunCounts(session, queries, rows);
}

absl::Status CountReferences(Session& session, const TableIndex& index,
                             const std::vector<Oid>& foreign_keys, std::map<Oid, int64_t>* rows) {
  std::vector<CountQuery> queries;
  for (const ForeignKey& key : index.catalog().foreign_keys) {
    if (std::count(foreign_keys.begin(), foreign_keys.end(), key.oid) == 0 ||
        !IsCountable(index, key.from)) {
      continue;
    }
    std::vector<std::string> set;
    for (const std::string& column : key.from_columns) {
      set.push_back(absl::StrCat(session.QuoteIdentifier(column), " is not null"));
    }
    queries.push_back(
        {absl::StrCat("select ", key.oid, "::oid, (select pg_catalog.count(*) from ",
                      From(*index.Find(key.from)), " where ", absl::StrJoin(set, " and "), ")"),
         BlocksOf(index, key.from)});
  }
  return RunCounts(session, queries, rows);
}

}  // namespace resetctl::agent

#include "controller/store/sqlite/audit_log.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/service/wire_time.h"
#include "controller/store/audit_leaf.h"
#include "controller/store/sqlite/audit_archive.h"
#include "controller/store/sqlite/audit_tree.h"

namespace resetctl::controller {
namespace {

absl::StatusOr<contract::MerkleFrontier> LoadFrontier(Connection& connection) {
  Query query(connection, "SELECT size, frontier FROM audit_head");
  if (!query.Next()) {
    if (!query.status().ok()) return query.status();
    return contract::MerkleFrontier();
  }
  const std::string joined = query.Text(1);
  std::vector<std::string> hashes;
  for (size_t i = 0; i + 32 <= joined.size(); i += 32) hashes.push_back(joined.substr(i, 32));
  return contract::MerkleFrontier(static_cast<uint64_t>(query.Int(0)), std::move(hashes));
}

}  // namespace

absl::StatusOr<LogHead> LoadHead(Connection& connection) {
  absl::StatusOr<contract::MerkleFrontier> frontier = LoadFrontier(connection);
  if (!frontier.ok()) return frontier.status();
  LogHead head{*std::move(frontier)};
  Query newest(connection, "SELECT entry FROM audit ORDER BY number DESC LIMIT 1");
  v1::AuditEntry entry;
  if (newest.Next() && entry.ParseFromString(newest.Text(0))) head.time = TimeOf(entry.time());
  if (!newest.status().ok()) return newest.status();
  return head;
}

absl::Status CheckHead(Connection& connection, const contract::MerkleFrontier& frontier) {
  const absl::StatusOr<uint64_t> archived = FirstKept(connection);
  if (!archived.ok()) return archived.status();
  Query query(connection, "SELECT COUNT(*), COALESCE(MAX(number), -1) FROM audit");
  if (!query.Next()) return query.status();
  if (static_cast<uint64_t>(query.Int(0)) + *archived == frontier.size() &&
      static_cast<uint64_t>(query.Int(1) + 1) == frontier.size()) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat("The audit log has ", query.Int(0), " entries and ",
                                          *archived, " in archives, but its head says ",
                                          frontier.size(), "."));
}

absl::Status AppendEntries(Connection& connection, const AuditTrail& trail, LogHead* head) {
  for (const v1::AuditEntry& entry : trail.entries()) {
    const std::string leaf = MakeLeaf(entry, &head->time);
    Query insert(connection,
                 "INSERT INTO audit (number, entry, actor, action, subject, environment)"
                 " VALUES (?, ?, ?, ?, ?, ?)");
    insert.Bind(head->frontier.size(), Blob{leaf}, entry.actor(), entry.action(), entry.subject(),
                entry.environment());
    absl::Status status = insert.Run();
    if (!status.ok()) return status;
    status = AppendLeaf(connection, contract::LeafHash(leaf), &head->frontier);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status StoreHead(Connection& connection, const contract::MerkleFrontier& frontier,
                       const std::string& origin, const CheckpointSigner& sign) {
  const std::string root = frontier.Root();
  const absl::StatusOr<std::string> note = sign({origin, frontier.size(), root});
  if (!note.ok()) return note.status();
  std::string joined;
  for (const std::string& hash : frontier.hashes()) joined += hash;
  Query insert(connection,
               "INSERT OR REPLACE INTO audit_head (only, size, frontier, root, note)"
               " VALUES (1, ?, ?, ?, ?)");
  return insert.Bind(frontier.size(), Blob{joined}, Blob{root}, *note).Run();
}

}  // namespace resetctl::controller

#include "controller/store/sqlite/audit_log.h"

#include <utility>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "absl/strings/str_cat.h"

namespace resetctl::controller {

std::string LeafBytes(const v1::AuditEntry& entry) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);  // maps in one order: kinder to people who compare
  entry.SerializeToCodedStream(&out);
  out.Trim();
  return bytes;
}

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

absl::Status CheckHead(Connection& connection, const contract::MerkleFrontier& frontier) {
  Query query(connection, "SELECT COUNT(*), COALESCE(MAX(number), -1) FROM audit");
  if (!query.Next()) return query.status();
  if (static_cast<uint64_t>(query.Int(0)) == frontier.size() &&
      static_cast<uint64_t>(query.Int(1) + 1) == frontier.size()) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat("The audit log has ", query.Int(0),
                                          " entries, but its head says ", frontier.size(), "."));
}

absl::Status AppendEntries(Connection& connection, const AuditTrail& trail,
                           contract::MerkleFrontier* frontier) {
  for (const v1::AuditEntry& entry : trail.entries()) {
    const std::string leaf = LeafBytes(entry);
    Query insert(connection,
                 "INSERT INTO audit (number, entry, actor, action, subject, environment)"
                 " VALUES (?, ?, ?, ?, ?, ?)");
    insert.Bind(frontier->size(), Blob{leaf}, entry.actor(), entry.action(), entry.subject(),
                entry.environment());
    const absl::Status status = insert.Run();
    if (!status.ok()) return status;
    frontier->Append(contract::LeafHash(leaf));
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

#include "controller/store/sqlite/audit_tree.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/store/sqlite/audit_archive.h"

namespace resetctl::controller {
namespace {

absl::Status Missing(const contract::Subtree& subtree) {
  return absl::DataLossError(absl::StrCat("The audit log lacks leaves of its tree, level ",
                                          subtree.level, " from entry ",
                                          subtree.index << subtree.level, " on."));
}

std::string HashLeaves(const std::string& hashes, uint64_t begin, uint64_t leaves) {
  constexpr size_t kHashBytes = 32;
  contract::MerkleFrontier frontier;
  for (uint64_t i = begin; i < begin + leaves; ++i) {
    frontier.Append(hashes.substr(i * kHashBytes, kHashBytes));
  }
  return frontier.Root();
}

absl::StatusOr<std::string> HashEntries(Connection& connection, const contract::Subtree& subtree) {
  const uint64_t leaves = uint64_t{1} << subtree.level;
  const uint64_t begin = subtree.index << subtree.level;
  const auto archived = ArchivedLeaves(connection, begin / kArchiveBlock);
  if (!archived.ok()) return archived.status();
  if (archived->has_value()) return HashLeaves(**archived, begin % kArchiveBlock, leaves);
  Query query(connection,
              "SELECT entry FROM audit WHERE number >= ? AND number < ? ORDER BY number");
  query.Bind(begin, begin + leaves);
  contract::MerkleFrontier frontier;
  while (query.Next()) frontier.Append(contract::LeafHash(query.Text(0)));
  if (!query.status().ok()) return query.status();
  if (frontier.size() != leaves) return Missing(subtree);
  return frontier.Root();
}

}  // namespace

absl::Status AppendLeaf(Connection& connection, absl::string_view leaf_hash,
                        contract::MerkleFrontier* frontier) {
  std::vector<std::pair<contract::Subtree, std::string>> completed;
  frontier->Append(leaf_hash,
                   [&completed](const contract::Subtree& subtree, const std::string& hash) {
                     if (subtree.level >= kStoredLevel) completed.emplace_back(subtree, hash);
                   });
  for (const auto& [subtree, hash] : completed) {
    Query insert(connection, "INSERT INTO audit_subtrees (level, number, hash) VALUES (?, ?, ?)");
    absl::Status status = insert.Bind(subtree.level, subtree.index, Blob{hash}).Run();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadSubtree(Connection& connection, const contract::Subtree& subtree) {
  if (subtree.level < kStoredLevel) return HashEntries(connection, subtree);
  Query query(connection, "SELECT hash FROM audit_subtrees WHERE level = ? AND number = ?");
  query.Bind(subtree.level, subtree.index);
  if (query.Next()) return query.Text(0);
  return query.status().ok() ? Missing(subtree) : query.status();
}

absl::Status FillSubtrees(Connection& connection) {
  contract::MerkleFrontier frontier;
  {
    Query entries(connection, "SELECT entry FROM audit ORDER BY number");
    while (entries.Next()) {
      absl::Status status = AppendLeaf(connection, contract::LeafHash(entries.Text(0)), &frontier);
      if (!status.ok()) return status;
    }
    if (!entries.status().ok()) return entries.status();
  }
  Query head(connection, "SELECT root FROM audit_head");
  if (head.Next() && head.Text(0) != frontier.Root()) {
    return absl::DataLossError("The audit log's entries are not those that its checkpoint signs.");
  }
  return head.status();
}

}  // namespace resetctl::controller

#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_TREE_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_TREE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "controller/store/sqlite/connection.h"
#include "proto/contract/merkle.h"

namespace resetctl::controller {

// Table audit_subtrees: what inclusion and consistency proofs are made from (ADR 16). Subtrees of 2^kStoredLevel leaves
// and more are in it; smaller ones are hashed from their entries at need.
inline constexpr int kStoredLevel = 4;

// Appends to the frontier and stores the subtrees that the leaf completes; within the connection's open transaction.
absl::Status AppendLeaf(Connection& connection, absl::string_view leaf_hash,
                        contract::MerkleFrontier* frontier);

// The hash of a subtree whose leaves are all in the log: a contract::SubtreeReader. DATA_LOSS when it cannot be had.
absl::StatusOr<std::string> ReadSubtree(Connection& connection, const contract::Subtree& subtree);

// Fills the table from the entries that are there: for migration 5. DATA_LOSS when they are not those that the log's head
// is the root of.
absl::Status FillSubtrees(Connection& connection);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_AUDIT_TREE_H_

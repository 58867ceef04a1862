#ifndef RESETCTL_PROTO_CONTRACT_MERKLE_H_
#define RESETCTL_PROTO_CONTRACT_MERKLE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace resetctl::contract {

// RFC 6962 §2.1 over SHA-256. Hashes are 32 raw bytes.
std::string LeafHash(absl::string_view entry);  // SHA-256(0x00 || entry)
std::string NodeHash(absl::string_view left,
                     absl::string_view right);  // SHA-256(0x01 || left || right)

// A perfect subtree: the 2^level leaves from index * 2^level on. Level 0 is a leaf. Once its last leaf is appended, its
// hash never changes.
struct Subtree {
  int level = 0;
  uint64_t index = 0;
};

// The tree's right edge: the roots of its perfect subtrees, largest first. Enough to append and to tell the root;
// O(log n) to keep.
class MerkleFrontier {
 public:
  MerkleFrontier() = default;
  // As stored: size and its frontier hashes (popcount(size) of them).
  MerkleFrontier(uint64_t size, std::vector<std::string> hashes);

  void Append(absl::string_view leaf_hash);
  // The same; `completed` gets each subtree above the leaf that it completes, smallest first.
  void Append(
      absl::string_view leaf_hash,
      const std::function<void(const Subtree& subtree, const std::string& hash)>& completed);
  uint64_t size() const { return size_; }
  const std::vector<std::string>& hashes() const { return hashes_; }
  std::string Root() const;  // of the empty tree: SHA-256 of nothing

 private:
  uint64_t size_ = 0;
  std::vector<std::string> hashes_;
};

// The leaves from `begin` on, before `end`.
struct LeafRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};
// Whose roots a proof lists, in its order (PATH and SUBPROOF of RFC 6962 §2.1). Empty when there is nothing to prove:
// an index outside of the tree, an old size of 0 or not below the size.
std::vector<LeafRange> InclusionRanges(uint64_t index, uint64_t size);
std::vector<LeafRange> ConsistencyRanges(uint64_t old_size, uint64_t size);

// Over all leaf hashes, in memory; a store's proofs are made from its subtrees (merkle_store.h).
std::string MerkleRoot(const std::vector<std::string>& leaf_hashes);
std::vector<std::string> InclusionProof(const std::vector<std::string>& leaf_hashes,
                                        uint64_t index);
std::vector<std::string> ConsistencyProof(const std::vector<std::string>& leaf_hashes,
                                          uint64_t old_size);
bool VerifyInclusion(absl::string_view leaf_hash, uint64_t index, uint64_t size,
                     const std::vector<std::string>& proof, absl::string_view root);
bool VerifyConsistency(uint64_t old_size, absl::string_view old_root, uint64_t size,
                       absl::string_view root, const std::vector<std::string>& proof);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_MERKLE_H_

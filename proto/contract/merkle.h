#ifndef RESETCTL_PROTO_CONTRACT_MERKLE_H_
#define RESETCTL_PROTO_CONTRACT_MERKLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace resetctl::contract {

// RFC 6962 §2.1 over SHA-256. Hashes are 32 raw bytes.
std::string LeafHash(absl::string_view entry);  // SHA-256(0x00 || entry)
std::string NodeHash(absl::string_view left,
                     absl::string_view right);  // SHA-256(0x01 || left || right)

// The tree's right edge: the roots of its perfect subtrees, largest first. Enough to append and to tell the root;
// O(log n) to keep.
class MerkleFrontier {
 public:
  MerkleFrontier() = default;
  // As stored: size and its frontier hashes (popcount(size) of them).
  MerkleFrontier(uint64_t size, std::vector<std::string> hashes);

  void Append(absl::string_view leaf_hash);
  uint64_t size() const { return size_; }
  const std::vector<std::string>& hashes() const { return hashes_; }
  std::string Root() const;  // of the empty tree: SHA-256 of nothing

 private:
  uint64_t size_ = 0;
  std::vector<std::string> hashes_;
};

// Over all leaf hashes, in memory; for verification and proofs of exports.
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

#include "proto/contract/merkle.h"

#include <algorithm>
#include <bit>

#include "proto/base/text.h"
#include "proto/contract/digest.h"

namespace resetctl::contract {
namespace {

constexpr size_t kHashBytes = 32;

// The largest power of two below `size`, which is at least 2.
uint64_t SplitPoint(uint64_t size) { return std::bit_floor(size - 1); }

LeafRange Left(LeafRange leaves) {
  return {leaves.begin, leaves.begin + SplitPoint(leaves.end - leaves.begin)};
}
LeafRange Right(LeafRange leaves) { return {Left(leaves).end, leaves.end}; }

// PATH of RFC 6962 §2.1.1, nearest sibling first.
void Path(LeafRange leaves, uint64_t index, std::vector<LeafRange>* proof) {
  if (leaves.end - leaves.begin == 1) return;
  if (index < Left(leaves).end) {
    Path(Left(leaves), index, proof);
    proof->push_back(Right(leaves));
  } else {
    Path(Right(leaves), index, proof);
    proof->push_back(Left(leaves));
  }
}

// SUBPROOF of RFC 6962 §2.1.2. `whole`: the old tree is this very subtree, so its verifier knows
// the root.
void Subproof(LeafRange leaves, uint64_t old_end, bool whole, std::vector<LeafRange>* proof) {
  if (old_end == leaves.end) {
    if (!whole) proof->push_back(leaves);
    return;
  }
  if (old_end <= Left(leaves).end) {
    Subproof(Left(leaves), old_end, whole, proof);
    proof->push_back(Right(leaves));
  } else {
    Subproof(Right(leaves), old_end, /*whole=*/false, proof);
    proof->push_back(Left(leaves));
  }
}

std::string RootOf(const std::vector<std::string>& leaf_hashes, LeafRange leaves) {
  MerkleFrontier frontier;
  for (uint64_t i = leaves.begin; i < leaves.end; ++i) frontier.Append(leaf_hashes[i]);
  return frontier.Root();
}

std::vector<std::string> RootsOf(const std::vector<std::string>& leaf_hashes,
                                 const std::vector<LeafRange>& ranges) {
  std::vector<std::string> roots;
  for (const LeafRange& range : ranges) roots.push_back(RootOf(leaf_hashes, range));
  return roots;
}

bool AreHashes(const std::vector<std::string>& proof) {
  return std::all_of(proof.begin(), proof.end(),
                     [](const std::string& hash) { return hash.size() == kHashBytes; });
}

}  // namespace

std::string LeafHash(absl::string_view entry) {
  return Sha256({absl::string_view("\0", 1), entry});
}

std::string NodeHash(absl::string_view left, absl::string_view right) {
  return Sha256({absl::string_view("\1", 1), left, right});
}

MerkleFrontier::MerkleFrontier(uint64_t size, std::vector<std::string> hashes)
    : size_(size), hashes_(std::move(hashes)) {}

void MerkleFrontier::Append(absl::string_view leaf_hash) { Append(leaf_hash, nullptr); }

void MerkleFrontier::Append(
    absl::string_view leaf_hash,
    const std::function<void(const Subtree& subtree, const std::string& hash)>& completed) {
  hashes_.push_back(base::Str(leaf_hash));
  // Each trailing one bit of the old size is a perfect subtree that the new leaf completes.
  int level = 0;
  for (uint64_t bits = size_; (bits & 1) != 0 && hashes_.size() > 1; bits >>= 1) {
    const std::string right = std::move(hashes_.back());
    hashes_.pop_back();
    hashes_.back() = NodeHash(hashes_.back(), right);
    ++level;
    if (completed) completed({level, size_ >> level}, hashes_.back());
  }
  ++size_;
}

std::string MerkleFrontier::Root() const {
  if (hashes_.empty()) return Sha256("");
  std::string root = hashes_.back();
  for (size_t i = hashes_.size() - 1; i > 0; --i) root = NodeHash(hashes_[i - 1], root);
  return root;
}

std::vector<LeafRange> InclusionRanges(uint64_t index, uint64_t size) {
  std::vector<LeafRange> proof;
  if (index < size) Path({0, size}, index, &proof);
  return proof;
}

std::vector<LeafRange> ConsistencyRanges(uint64_t old_size, uint64_t size) {
  std::vector<LeafRange> proof;
  if (old_size > 0 && old_size < size) Subproof({0, size}, old_size, /*whole=*/true, &proof);
  return proof;
}

std::string MerkleRoot(const std::vector<std::string>& leaf_hashes) {
  return RootOf(leaf_hashes, {0, leaf_hashes.size()});
}

std::vector<std::string> InclusionProof(const std::vector<std::string>& leaf_hashes,
                                        uint64_t index) {
  return RootsOf(leaf_hashes, InclusionRanges(index, leaf_hashes.size()));
}

std::vector<std::string> ConsistencyProof(const std::vector<std::string>& leaf_hashes,
                                          uint64_t old_size) {
  return RootsOf(leaf_hashes, ConsistencyRanges(old_size, leaf_hashes.size()));
}

// RFC 9162 §2.1.3.2.
bool VerifyInclusion(absl::string_view leaf_hash, uint64_t index, uint64_t size,
                     const std::vector<std::string>& proof, absl::string_view root) {
  if (index >= size || !AreHashes(proof) || leaf_hash.size() != kHashBytes) return false;
  uint64_t position = index;
  uint64_t last = size - 1;
  std::string hash = base::Str(leaf_hash);
  for (const std::string& sibling : proof) {
    if (last == 0) return false;
    if ((position & 1) != 0 || position == last) {
      hash = NodeHash(sibling, hash);
      while ((position & 1) == 0 && position != 0) {
        position >>= 1;
        last >>= 1;
      }
    } else {
      hash = NodeHash(hash, sibling);
    }
    position >>= 1;
    last >>= 1;
  }
  return last == 0 && absl::string_view(hash) == root;
}

// RFC 9162 §2.1.4.2.
bool VerifyConsistency(uint64_t old_size, absl::string_view old_root, uint64_t size,
                       absl::string_view root, const std::vector<std::string>& proof) {
  if (old_size > size || !AreHashes(proof)) return false;
  if (old_size == size) return proof.empty() && old_root == root;
  if (old_size == 0) return proof.empty() && old_root == absl::string_view(Sha256(""));
  std::vector<std::string> path = proof;
  // An old tree that is one perfect subtree is its own first hash.
  if ((old_size & (old_size - 1)) == 0) path.insert(path.begin(), base::Str(old_root));
  if (path.empty()) return false;
  uint64_t position = old_size - 1;
  uint64_t last = size - 1;
  while ((position & 1) != 0) {
    position >>= 1;
    last >>= 1;
  }
  std::string old_hash = path.front();
  std::string hash = path.front();
  for (size_t i = 1; i < path.size(); ++i) {
    if (last == 0) return false;
    if ((position & 1) != 0 || position == last) {
      old_hash = NodeHash(path[i], old_hash);
      hash = NodeHash(path[i], hash);
      while ((position & 1) == 0 && position != 0) {
        position >>= 1;
        last >>= 1;
      }
    } else {
      hash = NodeHash(hash, path[i]);
    }
    position >>= 1;
    last >>= 1;
  }
  return last == 0 && absl::string_view(old_hash) == old_root && absl::string_view(hash) == root;
}

}  // namespace resetctl::contract

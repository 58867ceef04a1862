#include "proto/contract/merkle_store.h"

#include <utility>

namespace resetctl::contract {
namespace {

// The right edge of the range's own tree, largest subtree first. A range of a proof begins at a multiple of the largest
// power of two within its size, so each subtree is a perfect one of the whole tree too.
absl::StatusOr<std::string> StoredRoot(LeafRange range, const SubtreeReader& read) {
  std::vector<std::string> hashes;
  const uint64_t size = range.end - range.begin;
  uint64_t begin = range.begin;
  for (int level = 63; level >= 0; --level) {
    const uint64_t leaves = uint64_t{1} << level;
    if ((size & leaves) == 0) continue;
    absl::StatusOr<std::string> hash = read({level, begin >> level});
    if (!hash.ok()) return hash.status();
    hashes.push_back(*std::move(hash));
    begin += leaves;
  }
  return MerkleFrontier(size, std::move(hashes)).Root();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> StoredRoots(const std::vector<LeafRange>& ranges,
                                                     const SubtreeReader& read) {
  std::vector<std::string> roots;
  for (const LeafRange& range : ranges) {
    absl::StatusOr<std::string> root = StoredRoot(range, read);
    if (!root.ok()) return root.status();
    roots.push_back(*std::move(root));
  }
  return roots;
}

}  // namespace resetctl::contract

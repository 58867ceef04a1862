#ifndef RESETCTL_PROTO_CONTRACT_MERKLE_STORE_H_
#define RESETCTL_PROTO_CONTRACT_MERKLE_STORE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/merkle.h"

namespace resetctl::contract {

// Proofs of a log that is in a store: O(log n) hashes are read, whatever the log's size.

// The hash of a perfect subtree whose leaves are all in the log.
using SubtreeReader = std::function<absl::StatusOr<std::string>(const Subtree& subtree)>;

// The root of each range, from its perfect subtrees. The ranges are those of a proof (InclusionRanges, ConsistencyRanges),
// or a whole tree: {0, size}.
//   StoredRoots(InclusionRanges(index, size), read)
absl::StatusOr<std::vector<std::string>> StoredRoots(const std::vector<LeafRange>& ranges,
                                                     const SubtreeReader& read);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_MERKLE_STORE_H_

#ifndef RESETCTL_PROTO_BASE_CLOSEST_H_
#define RESETCTL_PROTO_BASE_CLOSEST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace resetctl::base {

// The candidate that `name` was most likely meant to be: fewest insertions, deletions, replacements
// and swaps of neighbours, letter case ignored, at most one for each three characters. Empty when
// none is near.
std::string Closest(absl::string_view name, const std::vector<std::string>& candidates);

// "Did you mean 'tables'?" or nothing: to stand as, or after, an advice.
std::string DidYouMean(absl::string_view name, const std::vector<std::string>& candidates);

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_CLOSEST_H_

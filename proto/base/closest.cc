#include "proto/base/closest.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/base/text.h"

namespace resetctl::base {
namespace {

// Optimal string alignment distance: Levenshtein, and a swap of neighbours counts one.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string Closest(absl::string_view name, const std::vector<std::string>& candidates) {
  constexpr size_t kLongest = 200;
  if (name.empty() || name.size() > kLongest) return "";
  const std::string wanted = absl::AsciiStrToLower(name);
  std::string best;
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongest || candidate == name) continue;
    const size_t gap = candidate.size() > wanted.size() ? candidate.size() - wanted.size()
                                                        : wanted.size() - candidate.size();
    if (gap >= best_distance) continue;
    const size_t distance = Distance(wanted, absl::AsciiStrToLower(candidate));
    // Replacing every character of a short word is no likeness.
    if (distance >= best_distance || distance >= wanted.size()) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

std::string DidYouMean(absl::string_view name, const std::vector<std::string>& candidates) {
  const std::string closest = Closest(name, candidates);
  return closest.empty() ? "" : absl::StrCat("Did you mean '", closest, "'?");
}

}  // namespace resetctl::base

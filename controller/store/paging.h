#ifndef RESETCTL_CONTROLLER_STORE_PAGING_H_
#define RESETCTL_CONTROLLER_STORE_PAGING_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "controller/service/store.h"

namespace resetctl::controller {

// Pages newest first, cut by each row's number: the token says below which number the next page begins, so rows that
// arrive meanwhile shift nothing.
std::string MakePageToken(int64_t below);
// The largest number for an empty token; REASON_INVALID_ARGUMENT for a malformed one.
absl::StatusOr<int64_t> ParsePageToken(absl::string_view token);

inline int PageSize(int wanted) { return wanted <= 0 ? 50 : std::min(wanted, 500); }

template <typename T>
using Numbered = std::vector<std::pair<int64_t, T>>;

// Fills a page from `fetch(below, limit)`: rows with a smaller number, largest first. `keep` may be empty.
template <typename T>
absl::StatusOr<PageOf<T>> FillPage(
    const PageRequest& request, const std::function<bool(const T&)>& keep,
    const std::function<absl::StatusOr<Numbered<T>>(int64_t below, int limit)>& fetch) {
  const absl::StatusOr<int64_t> start = ParsePageToken(request.token);
  if (!start.ok()) return start.status();
  const int size = PageSize(request.size);
  PageOf<T> page;
  int64_t below = *start;
  int64_t last_kept = 0;
  while (true) {
    absl::StatusOr<Numbered<T>> rows = fetch(below, size + 1);
    if (!rows.ok()) return rows.status();
    for (auto& [number, item] : *rows) {
      below = number;
      if (keep && !keep(item)) continue;
      if (static_cast<int>(page.items.size()) == size) {
        page.next_token = MakePageToken(last_kept);
        return page;
      }
      page.items.push_back(std::move(item));
      last_kept = number;
    }
    if (static_cast<int>(rows->size()) <= size) return page;
  }
}

// Of a plan ("p-") or a run ("r-"): the prefix itself when it could name one. REASON_NOT_FOUND otherwise, so that nothing
// odd reaches a query.
absl::StatusOr<std::string> CheckIdPrefix(absl::string_view kind, absl::string_view type,
                                          absl::string_view id_or_prefix);
// Of the ids that a prefix fits (at most a handful need be given): the one, NOT_FOUND or AMBIGUOUS_ID.
absl::StatusOr<std::string> OnlyId(absl::string_view kind, absl::string_view prefix,
                                   const std::vector<std::string>& ids);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_PAGING_H_

#include "controller/store/paging.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr absl::string_view kTokenStart = "below:";

absl::Status NotFound(absl::string_view kind, absl::string_view name) {
  return contract::Error(v1::REASON_NOT_FOUND, absl::StrCat("There is no ", kind, " '", name, "'."),
                         absl::StrCat("List what there is: resetctl list ", kind, "s."));
}

}  // namespace

std::string MakePageToken(int64_t below) {
  return base::ToBase64(absl::StrCat(kTokenStart, below));
}

absl::StatusOr<int64_t> ParsePageToken(absl::string_view token) {
  if (token.empty()) return std::numeric_limits<int64_t>::max();
  std::string text;
  int64_t below = 0;
  if (base::FromBase64(token, &text) && absl::StartsWith(text, kTokenStart) &&
      absl::SimpleAtoi(absl::string_view(text).substr(kTokenStart.size()), &below) && below >= 0) {
    return below;
  }
  return contract::Error(
      v1::REASON_INVALID_ARGUMENT, "The page token is none of ours.",
      "Give the next_page_token of the last answer, or none for the first page.");
}

absl::StatusOr<std::string> CheckIdPrefix(absl::string_view kind, absl::string_view type,
                                          absl::string_view id_or_prefix) {
  bool good = absl::StartsWith(id_or_prefix, type) && id_or_prefix.size() > type.size() &&
              id_or_prefix.size() <= 80;
  for (size_t i = type.size(); good && i < id_or_prefix.size(); ++i) {
    const char c = id_or_prefix[i];
    good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }
  if (!good) return NotFound(kind, id_or_prefix.substr(0, 80));
  return base::Str(id_or_prefix);
}

absl::StatusOr<std::string> OnlyId(absl::string_view kind, absl::string_view prefix,
                                   const std::vector<std::string>& ids) {
  if (ids.empty()) return NotFound(kind, prefix);
  if (ids.size() == 1) return ids.front();
  std::vector<std::string> names;
  for (const std::string& id : ids) names.push_back(id.substr(0, prefix.size() + 6));
  return contract::Error(v1::REASON_AMBIGUOUS_ID,
                         absl::StrCat("'", prefix, "' fits more than one ", kind, ": ",
                                      absl::StrJoin(names, ", "), "."),
                         "Give more digits.");
}

}  // namespace resetctl::controller

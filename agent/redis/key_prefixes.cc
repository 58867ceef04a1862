#include "agent/redis/key_prefixes.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace resetctl::agent {

int KeyPrefixes::Match(absl::string_view key) const {
  if (key == kRedisMarkerKey) return -1;
  for (size_t i = 0; i < prefixes_.size(); ++i) {
    if (absl::StartsWith(key, prefixes_[i])) return static_cast<int>(i);
  }
  return -1;
}

std::string KeyPrefixes::Glob() const {
  if (prefixes_.empty()) return "";
  absl::string_view common = prefixes_.front();
  for (const std::string& prefix : prefixes_) {
    const auto [end, other] =
        std::mismatch(common.begin(), common.end(), prefix.begin(), prefix.end());
    common = common.substr(0, end - common.begin());
  }
  if (common.empty()) return "";
  std::string glob;
  for (const char c : common) {
    if (absl::string_view("*?[]\\").find(c) != absl::string_view::npos) glob += '\\';
    glob += c;
  }
  return glob + "*";
}

}  // namespace resetctl::agent

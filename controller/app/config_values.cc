#include "controller/app/config_values.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "proto/base/text.h"

namespace resetctl::controller {

std::string Under(absl::string_view folder, const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  return (std::filesystem::path(base::Str(folder)) / path).lexically_normal().string();
}

bool IsName(absl::string_view name) {
  if (name.empty() || name.size() > 63) return false;
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (!good) return false;
  }
  return true;
}

absl::Duration ReadDuration(base::YamlMap* map, absl::string_view key, absl::Duration fallback,
                            absl::Duration least, absl::Duration most) {
  const absl::Duration value = map->Duration(key, fallback);
  if (value < least || value > most) {
    map->FailAt(key, absl::StrCat("must be between ", absl::FormatDuration(least), " and ",
                                  absl::FormatDuration(most)));
  }
  return value;
}

}  // namespace resetctl::controller

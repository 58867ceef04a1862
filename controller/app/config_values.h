#ifndef RESETCTL_CONTROLLER_APP_CONFIG_VALUES_H_
#define RESETCTL_CONTROLLER_APP_CONFIG_VALUES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/base/yaml_reader.h"

namespace resetctl::controller {

// What the parts of controller.yaml have in common.

// `path` as it stands, or from `folder` on when it is relative.
std::string Under(absl::string_view folder, const std::string& path);

// 1 to 63 lower-case letters, digits, '-' or '.'; what else is said by kNameRule.
bool IsName(absl::string_view name);
inline constexpr char kNameRule[] = "must be 1 to 63 lower-case letters, digits, '-' or '.'";

// A problem at `key` unless it is between `least` and `most`.
absl::Duration ReadDuration(base::YamlMap* map, absl::string_view key, absl::Duration fallback,
                            absl::Duration least, absl::Duration most);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_CONFIG_VALUES_H_

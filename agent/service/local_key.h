#ifndef RESETCTL_AGENT_SERVICE_LOCAL_KEY_H_
#define RESETCTL_AGENT_SERVICE_LOCAL_KEY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// A key that never leaves the state directory. With it the agent recognises the plans that it made itself (TRUST §4), and
// notices a changed secret parameter without its value being guessable from the plan.
class LocalKey {
 public:
  explicit LocalKey(base::Secret key) : key_(std::move(key)) {}

  // `<state_dir>/local.key`, made with mode 0600 where it is missing. CONFIG_INVALID when it is readable by others or
  // damaged: a new one would silently orphan every plan.
  static absl::StatusOr<LocalKey> LoadOrMake(const std::string& state_dir);

  std::string PlanMac(absl::string_view document) const;  // 32 raw bytes
  bool IsOurPlan(absl::string_view document, absl::string_view mac) const;
  std::string ParameterMac(absl::string_view name, const base::Secret& value) const;  // hex

 private:
  base::Secret key_;
};

// CONFIG_INVALID unless `path` is a file that only its owner may read (0600 or stricter) and the owner is this process's user
// or root.
absl::Status CheckPrivateFile(const std::string& path);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_LOCAL_KEY_H_

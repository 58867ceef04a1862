#ifndef RESETCTL_TESTS_SUPPORT_MUST_H_
#define RESETCTL_TESTS_SUPPORT_MUST_H_

#include <stdexcept>
#include <utility>

#include "absl/status/statusor.h"

namespace resetctl::support {

// For who cannot go on without it: std::runtime_error with the status.
template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return *std::move(result);
}

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_SUPPORT_MUST_H_

#ifndef RESETCTL_PROTO_BASE_LOG_H_
#define RESETCTL_PROTO_BASE_LOG_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace resetctl::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// To stderr, one line an event: time, level, program, message, key=value. Call once from main.
void InitLogging(absl::string_view program, LogLevel level);

// A constant message, then facts. Never a Secret: it has no conversion to text.
//   Log(LogLevel::kInfo, "run finished", {{"run", run_id}, {"state", "SUCCEEDED"}});
void Log(LogLevel level, absl::string_view message,
         std::initializer_list<std::pair<absl::string_view, absl::string_view>> facts = {});

}  // namespace resetctl::base

#endif  // RESETCTL_PROTO_BASE_LOG_H_

#ifndef RESETCTL_PROTO_CONTRACT_REASONS_H_
#define RESETCTL_PROTO_CONTRACT_REASONS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::contract {

// DESIGN §12. The numbers are a contract with scripts.
enum class ExitCode {
  kDone = 0,
  kInternal = 1,
  kUsage = 2,
  kNotAllowed = 3,
  kStale = 4,
  kFailedUnchanged = 5,
  kNeedsAttention = 6,
  kUnknown = 7,
  kCancelled = 8,
  kUnreachable = 9,
};

// What a reason means for a caller. One row a reason, in reasons.cc.
struct ReasonRow {
  v1::Reason reason;
  absl::StatusCode code;
  ExitCode exit;
  bool retryable;
};
const ReasonRow& RowOf(v1::Reason reason);

// 'APPROVALS_MISSING': the enum's name without its prefix, as people and scripts see it.
std::string NameOf(v1::Reason reason);
// REASON_UNSPECIFIED when unknown.
v1::Reason ReasonFromName(absl::string_view name);

// An error with its reason: code from the table, one sentence of what is wrong, one of what to do.
absl::Status Error(v1::Reason reason, absl::string_view what, absl::string_view advice = "");
// The same with every detail (file, line, objects).
absl::Status ErrorFrom(const v1::Problem& problem);

// The problem inside a status: made by Error() here or in another program, or derived from a plain
// status.
v1::Problem ProblemOf(const absl::Status& status);
v1::Reason ReasonOf(const absl::Status& status);

v1::Problem MakeProblem(v1::Reason reason, absl::string_view what, absl::string_view advice = "");

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_REASONS_H_

#ifndef RESETCTL_PROTO_CONTRACT_POLICY_FILE_H_
#define RESETCTL_PROTO_CONTRACT_POLICY_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/contract/policy.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::contract {

struct PolicyReading {
  Policy policy;  // to be used only when there are no problems
  std::vector<v1::Problem>
      problems;  // each with file, line, column and, in `objects`, the YAML path

  bool ok() const { return problems.empty(); }
};

// Parses a policy strictly (DESIGN §8), from its text; `file` is for messages. Every problem at
// once, in the file's order:
//   POLICY_INVALID      unknown or duplicate keys, wrong types, a group that nobody is in, a key
//   under two people, a quorum
//                       that nobody could reach, a missing `plan`, `run` or `approvals`
//   RULE_UNSUPPORTED    a rule that DESIGN names and this version does not implement; it is never
//   ignored
PolicyReading ReadPolicy(absl::string_view yaml, absl::string_view file);

// One error for all problems: the first one's sentence, and how many more.
absl::Status ToStatus(const PolicyReading& reading);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_POLICY_FILE_H_

#ifndef RESETCTL_PROTO_CONTRACT_APPROVAL_RULES_H_
#define RESETCTL_PROTO_CONTRACT_APPROVAL_RULES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace resetctl::contract {

using Groups = std::map<std::string, std::set<std::string>>;  // group -> persons

// The grammar that policy and floor share (DESIGN §8).
struct ApprovalRule {
  int required = 0;
  std::vector<std::string> groups;  // empty: anybody who is known
  bool self = false;                // may the author approve
  bool distinct_groups = false;  // each approval from another group: a matching, not a greedy count
  absl::Duration ttl = absl::InfiniteDuration();  // of one approval
};

struct Approver {
  std::string person;
  std::string key_fingerprint;
  bool robot = false;
  absl::Time time;
};

struct QuorumAnswer {
  bool satisfied = false;
  int counted = 0;  // approvals that count together
  std::vector<std::string> counted_persons;
  // What is missing, for people: "1 more approval from product". Empty when satisfied.
  std::string missing;
  std::vector<std::string> ignored;  // "carol: is the author", "nightly: a robot"
};

// Pure. Distinct persons and distinct keys; with `distinct_groups` a maximum bipartite matching of
// persons to groups (alice in dba and product, bob in dba: satisfied).
QuorumAnswer EvaluateQuorum(const ApprovalRule& rule, const Groups& groups,
                            absl::string_view author, const std::vector<Approver>& approvals,
                            absl::Time now);

// Would an approval by `person` count under `rule`? (ignores how many there are)
bool MayApprove(const ApprovalRule& rule, const Groups& groups, absl::string_view author,
                absl::string_view person, bool robot);

bool InAnyGroup(const Groups& groups, const std::vector<std::string>& names,
                absl::string_view person);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_APPROVAL_RULES_H_

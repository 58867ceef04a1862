#ifndef RESETCTL_PROTO_CONTRACT_POLICY_H_
#define RESETCTL_PROTO_CONTRACT_POLICY_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/contract/allowed_signers.h"
#include "proto/contract/approval_rules.h"
#include "proto/contract/environment_rules.h"

namespace resetctl::contract {

struct Person {
  std::string name;
  std::vector<PublicKey> keys;
  std::set<std::string> groups;
  bool robot = false;  // never counts as an approver
};

// The controller's policy (DESIGN §8), read from policy.yaml by policy_file.h. A value: evaluation
// is pure, time is a parameter.
struct Policy {
  std::map<std::string, Person> people;
  Groups groups;  // with 'everyone': every person
  std::map<std::string, EnvironmentRules> environments;
  std::vector<std::string> admin_groups;
  AllowedSigners signers;  // the same people, for VerifyStatement
  std::string yaml;        // as loaded
  std::string digest;      // sha256:hex of `yaml`

  const Person* FindPerson(absl::string_view name) const;  // null: unknown
  const EnvironmentRules* FindEnvironment(absl::string_view name) const;
  bool PersonHasKey(absl::string_view person, absl::string_view fingerprint) const;
};

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_POLICY_H_

#include "proto/contract/policy.h"

#include "proto/base/text.h"

namespace resetctl::contract {

const Person* Policy::FindPerson(absl::string_view name) const {
  const auto found = people.find(base::Str(name));
  return found == people.end() ? nullptr : &found->second;
}

const EnvironmentRules* Policy::FindEnvironment(absl::string_view name) const {
  const auto found = environments.find(base::Str(name));
  return found == environments.end() ? nullptr : &found->second;
}

bool Policy::PersonHasKey(absl::string_view person, absl::string_view fingerprint) const {
  const Person* known = FindPerson(person);
  if (known == nullptr) return false;
  for (const PublicKey& key : known->keys) {
    if (key.fingerprint == fingerprint) return true;
  }
  return false;
}

}  // namespace resetctl::contract

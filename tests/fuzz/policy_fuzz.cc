#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/contract/policy_file.h"

namespace contract = resetctl::contract;

// Rules are digested as canonical JSON: what a policy says must come back from it unchanged, and only canonical JSON is read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const contract::PolicyReading reading = contract::ReadPolicy(text, "policy.yaml");
  if (reading.ok()) {
    for (const auto& [name, rules] : reading.policy.environments) {
      const std::string json = contract::ToCanonicalJson(rules);
      const auto again = contract::ParseCanonicalJson(json);
      if (!again.ok() || contract::ToCanonicalJson(*again) != json) abort();
    }
  }
  const auto rules = contract::ParseCanonicalJson(text);
  if (rules.ok() && contract::ToCanonicalJson(*rules) != text) abort();
  return 0;
}

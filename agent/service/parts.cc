#include "agent/service/parts.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

absl::Status CheckRailwayEnvironment(const AgentParts& parts) {
  for (const char* name : {"RAILWAY_ENVIRONMENT", "RAILWAY_ENVIRONMENT_NAME"}) {
    const std::optional<std::string> value = parts.environment(name);
    if (!value || value->empty()) continue;
    if (absl::AsciiStrToLower(*value) == absl::AsciiStrToLower(parts.identity.environment))
      continue;
    return contract::Error(
        v1::REASON_ENVIRONMENT_CONTRADICTS,
        absl::StrCat(name, " says '", *value, "', but this agent serves '",
                     parts.identity.environment, "'"),
        "Start the agent with the variables of its own environment, or enrol it for this one.");
  }
  return absl::OkStatus();
}

absl::Status CheckMayWork(const AgentParts& parts) {
  absl::Status status = CheckRailwayEnvironment(parts);
  if (status.ok()) status = parts.commits.Check();
  if (status.ok()) status = parts.witness.Check();
  return status;
}

Scrubber ScrubberFor(const AgentParts& parts, const ResolvedParameters& parameters) {
  Scrubber scrubber = parts.scrubber;
  for (const auto& [name, parameter] : parameters) {
    if (parameter.secret) scrubber.Add(parameter.value);
  }
  return scrubber;
}

}  // namespace resetctl::agent

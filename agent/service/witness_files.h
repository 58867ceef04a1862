#ifndef RESETCTL_AGENT_SERVICE_WITNESS_FILES_H_
#define RESETCTL_AGENT_SERVICE_WITNESS_FILES_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/base/secret.h"
#include "resetctl/v1/witness.pb.h"

namespace resetctl::agent {

struct WitnessKey {
  std::string agent;  // 'production/rental-manager'
  std::string name;   // 'resetctl.agent/production/rental-manager'
  base::Secret private_pem;
  std::string verifier;  // vkey
};

// What a witness keeps in the state directory: its key, what it remembers, and what somebody accepted while it served. The serving
// agent alone writes the memory; the verb alone makes the decision, and the agent removes it. Each file is replaced as a whole.
class WitnessFiles {
 public:
  explicit WitnessFiles(std::string state_dir) : folder_(std::move(state_dir)) {}

  // `witness.key`, made with mode 0600 where it is missing. CONFIG_INVALID when others may read it, or it is damaged: a new one
  // would silently end what this witness proves.
  absl::StatusOr<WitnessKey> LoadOrMakeKey(absl::string_view environment,
                                           absl::string_view target) const;
  // Empty before the first. CONFIG_INVALID when it is damaged: what was seen of the log is then not known.
  absl::StatusOr<v1::WitnessMemory> LoadMemory() const;
  absl::Status SaveMemory(const v1::WitnessMemory& memory) const;

  bool HasDecision() const;
  absl::StatusOr<std::optional<v1::WitnessDecision>> LoadDecision() const;
  absl::Status SaveDecision(const v1::WitnessDecision& decision) const;
  void RemoveDecision() const;

 private:
  const std::string folder_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_WITNESS_FILES_H_

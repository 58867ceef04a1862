#ifndef RESETCTL_CONTROLLER_APP_INIT_H_
#define RESETCTL_CONTROLLER_APP_INIT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace resetctl::controller {

struct InitOptions {
  std::string folder;
  std::string name = "resetctl";
  // 'alice=/home/alice/.ssh/id_ed25519.pub': the first person and admin of the policy. Without one, the sample policy names
  // nobody and is refused until it does.
  std::string person;
  std::vector<std::string> hosts;  // besides localhost, 127.0.0.1 and ::1
};

struct InitResult {
  std::string ca_pin;        // what clients and agents pin
  std::string log_verifier;  // the audit log's public key
  std::vector<std::string> files;
};

// Makes everything that a controller needs to start: CA, server certificate, log key, a sample controller.yaml and
// policy.yaml. Refuses when any of the files exists: nothing is ever overwritten. Private keys are 0600.
absl::StatusOr<InitResult> Init(const InitOptions& options, absl::Time now);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_INIT_H_

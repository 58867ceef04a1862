#ifndef RESETCTL_CONTROLLER_APP_MATERIALS_H_
#define RESETCTL_CONTROLLER_APP_MATERIALS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/app/config.h"
#include "controller/app/log_keys.h"
#include "controller/domain/policy.h"
#include "proto/transport/tls.h"

namespace resetctl::controller {

// The files that the configuration names, read and checked.
struct Materials {
  transport::KeyAndCertificate ca;
  transport::KeyAndCertificate server;
  LogKeys log_keys;
  std::string ca_pin;
  Policy policy;
  std::vector<Sink> sinks;
};

// CONFIG_INVALID or POLICY_INVALID. Private keys that others may read are refused.
absl::StatusOr<Materials> LoadMaterials(const Config& config);

// Past half its life the server's certificate is issued anew by our CA, for the same names and key, and replaces its file. True
// when that was done.
absl::StatusOr<bool> RenewServerCertificate(const Config& config, absl::Time now,
                                            Materials* materials);

// POLICY_INVALID with every problem, one a line.
absl::StatusOr<Policy> LoadPolicy(const std::string& path);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_MATERIALS_H_

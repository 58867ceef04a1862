#ifndef RESETCTL_CONTROLLER_APP_SERVE_H_
#define RESETCTL_CONTROLLER_APP_SERVE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace resetctl::controller {

struct ServeOptions {
  std::string config_path;
  std::string listen_file;  // empty: state_dir/address
};

// Serves until SIGTERM or SIGINT; then tells the agents, ends the streams and stops within `drain_timeout`. SIGHUP reads
// the policy again; a bad file keeps the old one. Call once from main: it takes the process's signals.
absl::Status Serve(const ServeOptions& options);

// Everything that Serve would refuse, without serving. Facts for people: pin, policy, environments.
absl::StatusOr<std::string> Check(const std::string& config_path);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_SERVE_H_

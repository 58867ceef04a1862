#ifndef RESETCTL_CONTROLLER_APP_CONFIG_H_
#define RESETCTL_CONTROLLER_APP_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "controller/app/sink_config.h"
#include "proto/base/log.h"
#include "proto/base/yaml_reader.h"

namespace resetctl::controller {

// `controller.yaml`. Every key with its default stands in deploy/config/controller.full.yaml; paths are relative to the
// file's own folder.
struct Config {
  std::string name = "resetctl";          // the log's origin is 'resetctl.controller/<name>'
  std::string listen = "127.0.0.1:7443";  // host:port; port 0 takes a free one
  std::string state_dir;  // the database, and `address` with the address that was bound
  std::string policy;
  std::string ca;           // PEM certificate
  std::string ca_key;       // PEM; issues agents' certificates
  std::string certificate;  // the server's own, without the CA
  std::string key;
  std::string audit_key;  // PEM, Ed25519: signs checkpoints of the audit log
  absl::Duration audit_retain = absl::InfiniteDuration();  // older entries are moved to files
  absl::Duration lease = absl::Seconds(15);
  absl::Duration session_ttl = absl::Hours(12);
  absl::Duration certificate_lifetime = absl::Hours(24 * 30);  // of an agent's certificate
  absl::Duration drain_timeout = absl::Seconds(10);
  bool health = false;
  bool reflection = false;
  base::LogLevel log_level = base::LogLevel::kInfo;
  std::vector<SinkConfig> notify;
};

// First line of checkpoints, and the name of the log's key, of a controller of this name.
std::string LogOrigin(const std::string& name);

struct ConfigResult {
  Config config;
  std::vector<base::YamlProblem> problems;  // all of them
};

// Syntax only; `folder` is what relative paths start from.
ConfigResult ParseConfig(absl::string_view text, absl::string_view folder);

// CONFIG_INVALID, one line a problem, with the path of the file.
absl::StatusOr<Config> LoadConfig(const std::string& path);

// A private key file: refused unless only its owner may read it.
absl::StatusOr<std::string> ReadPrivateKey(const std::string& path);
// The same for another file with a secret in it; `what` names it when there is none.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path, absl::string_view what,
                                           absl::string_view how_to_make_one);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_APP_CONFIG_H_

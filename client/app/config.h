#ifndef RESETCTL_CLIENT_APP_CONFIG_H_
#define RESETCTL_CLIENT_APP_CONFIG_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace resetctl::client {

// The process environment; empty for a variable that is not set.
using Variables = std::function<std::string(const char* name)>;

// One controller, as one person.
struct Context {
  std::string name;
  std::string controller;  // host:port
  std::string ca_pin;      // sha256:hex
  std::string person;
  std::string key;  // a private key's path; with .pub the key is in the SSH agent
};

// ~/.config/resetctl/config.yaml; deploy/config/client.full.yaml shows every key.
struct Config {
  std::string current;
  std::vector<Context> contexts;

  const Context* Find(absl::string_view name) const;
  // Adds, or replaces what is not empty in `context`.
  void Set(const Context& context);
};

// CONFIG_INVALID with all problems and their paths. An empty text is an empty configuration.
absl::StatusOr<Config> ParseConfig(absl::string_view yaml, absl::string_view path);
std::string ToYaml(const Config& config);

// $RESETCTL_CONFIG, or config.yaml below $XDG_CONFIG_HOME/resetctl or ~/.config/resetctl.
std::string ConfigPath(const Variables& variables);
// An absent file is an empty configuration.
absl::StatusOr<Config> ReadConfig(const std::string& path);
absl::Status WriteConfig(const std::string& path, const Config& config);

// What one call works with: the chosen context, overruled field by field by RESETCTL_CONTROLLER, RESETCTL_CA_PIN,
// RESETCTL_PERSON and RESETCTL_KEY.
struct Settings {
  Context context;                  // its key with '~/' resolved
  bool signs_in_by_itself = false;  // RESETCTL_KEY is set: no `login` needed (CI, cron)
  std::string state_folder;  // of this controller and person: CA certificate and session token
};

// `asked`: --context; otherwise RESETCTL_CONTEXT, otherwise the current one. NOT_FOUND for a name that no context has;
// CONFIG_INVALID naming all that is missing.
absl::StatusOr<Settings> ResolveSettings(const Config& config, absl::string_view asked,
                                         const Variables& variables);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_CONFIG_H_

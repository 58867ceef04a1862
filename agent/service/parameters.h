#ifndef RESETCTL_AGENT_SERVICE_PARAMETERS_H_
#define RESETCTL_AGENT_SERVICE_PARAMETERS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/service/ports.h"
#include "proto/contract/blueprint.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::agent {

// A parameter that agent.yaml lets blueprints use, and where it comes from (TRUST §4). Secret
// unless marked public.
struct ParameterSource {
  std::string name;         // as the blueprint calls it
  std::string environment;  // variable; used when `path` is empty
  std::string path;         // file whose content, less one final line end, is the value
  bool is_public = false;
};

// The value of an environment variable, or nothing. Tests pass a map.
using EnvironmentReader = std::function<std::optional<std::string>(const std::string&)>;
EnvironmentReader ProcessEnvironment();

struct ParameterAnswer {
  ResolvedParameters parameters;
  std::vector<v1::Problem>
      problems;  // PARAMETER_NOT_ALLOWED, PARAMETER_MISSING, PARAMETER_INVALID; never a value
};

// Resolves what `blueprint` declares. The stricter of blueprint and agent.yaml wins: a parameter is
// public only when both say so, and a blueprint that uses one as public which agent.yaml keeps
// secret is a problem. A required one that is unset or empty is missing. `bcrypt:` ones are derived
// only when `derive` (a hash of cost 12 takes a quarter of a second, and a new salt each time:
// compare the parameter it is made of, never the hash).
ParameterAnswer ResolveParameters(const contract::Blueprint& blueprint,
                                  const std::vector<ParameterSource>& allowed,
                                  const EnvironmentReader& environment, bool derive);

// "$2b$<cost>$..." by libxcrypt, random salt. INVALID_ARGUMENT over 72 bytes (bcrypt ignores the
// rest) or with a NUL.
absl::StatusOr<std::string> BcryptHash(const base::Secret& password, int cost);
bool BcryptMatches(const base::Secret& password, const std::string& hash);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_PARAMETERS_H_

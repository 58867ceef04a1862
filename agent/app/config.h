#ifndef RESETCTL_AGENT_APP_CONFIG_H_
#define RESETCTL_AGENT_APP_CONFIG_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/domain/catalog.h"
#include "agent/postgres/row_counter.h"
#include "agent/service/parameters.h"
#include "proto/base/log.h"
#include "proto/base/secret.h"

namespace resetctl::agent {

// agent.yaml; deploy/config/agent.full.yaml shows every key. Environment and target are not in it: the certificate says them.
struct AgentConfig {
  std::string controller;
  std::string ca_pin;
  std::string state_dir;
  base::Secret database_url;
  std::string record_schema = kOwnSchema;  // in the database: where the agent keeps its own tables
  base::Secret redis_url;                  // empty: no cache configured
  std::vector<ParameterSource> parameters;
  std::vector<std::string> http_origins;
  std::vector<std::vector<std::string>> commands;
  std::string command_path = "/usr/local/bin:/usr/bin:/bin";
  std::vector<std::pair<std::string, std::string>> command_environment;
  std::string trust_dir;
  bool accept_same_owner = false;
  CountOptions counting;
  absl::Duration reconnect_min = absl::Seconds(1);
  absl::Duration reconnect_max = absl::Seconds(64);
  absl::Duration drain_timeout = absl::Minutes(1);  // for the run under way, once asked to stop
  base::LogLevel log_level = base::LogLevel::kInfo;
};

// CONFIG_INVALID with every problem and its line. Relative paths count from `folder`, the file's own. An unset variable behind
// database_url leaves it empty: RequireDatabaseUrl() says so, to the verbs that need it.
absl::StatusOr<AgentConfig> ParseConfig(absl::string_view yaml, const std::string& folder,
                                        const EnvironmentReader& environment);
absl::StatusOr<AgentConfig> LoadConfig(const std::string& path);

// CONFIG_INVALID when the variable behind database_url is unset or empty.
absl::Status RequireDatabaseUrl(const AgentConfig& config);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_APP_CONFIG_H_

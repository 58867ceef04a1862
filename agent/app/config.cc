#include "agent/app/config.h"

#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/hooks/hook_runner.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/base/yaml_reader.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

std::string Absolute(const std::string& folder, const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  return absl::StrCat(folder, "/", path);
}

bool IsVariableName(absl::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char c : name) {
    const bool ok =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!ok) return false;
  }
  return true;
}

// '${NAME}' and nothing else: a connection string in a file would end up in backups and images.
base::Secret ReadReference(base::YamlMap root, const char* key, const char* fallback,
                           const EnvironmentReader& environment) {
  const std::string text = root.String(key, fallback);
  absl::string_view name = text;
  if (text.size() < 4 || !absl::StartsWith(text, "${") || !absl::EndsWith(text, "}") ||
      !IsVariableName(name.substr(2, name.size() - 3))) {
    root.FailAt(key,
                absl::StrCat("must be a reference to an environment variable, as in ", fallback));
    return base::Secret();
  }
  return base::Secret(environment(base::Str(name.substr(2, name.size() - 3))).value_or(""));
}

std::vector<ParameterSource> ReadParameters(base::YamlMap root, const std::string& folder) {
  std::vector<ParameterSource> parameters;
  std::set<std::string> names;
  for (const base::YamlNode& node : root.List("parameters")) {
    base::YamlMap map = node.AsMap();
    ParameterSource source;
    source.name = map.RequiredString("name");
    source.environment = map.String("environment");
    source.path = Absolute(folder, map.String("file"));
    source.is_public = map.Bool("public", false);
    if (!source.environment.empty() && !source.path.empty()) {
      map.Fail("a parameter comes from the environment or from a file, not both");
    }
    if (source.environment.empty() && source.path.empty()) source.environment = source.name;
    if (!source.name.empty() && !names.insert(source.name).second) {
      map.FailAt("name", absl::StrCat("'", source.name, "' is there twice"));
    }
    map.Finish();
    parameters.push_back(std::move(source));
  }
  return parameters;
}

std::vector<std::vector<std::string>> ReadCommands(base::YamlMap root) {
  std::vector<std::vector<std::string>> commands;
  for (const base::YamlNode& node : root.List("commands")) {
    std::vector<std::string> argv;
    for (const base::YamlNode& argument : node.AsList()) argv.push_back(argument.AsString());
    if (argv.empty()) node.Fail("a command is a list of arguments, the program first");
    commands.push_back(std::move(argv));
  }
  return commands;
}

base::LogLevel ReadLogLevel(base::YamlMap root) {
  const std::string level = root.String("log_level", "info");
  if (level == "debug") return base::LogLevel::kDebug;
  if (level == "warning") return base::LogLevel::kWarning;
  if (level == "error") return base::LogLevel::kError;
  if (level != "info") {
    root.FailAt("log_level", absl::StrCat("'", level, "' is none of debug, info, warning, error"));
  }
  return base::LogLevel::kInfo;
}

absl::Status Describe(const std::vector<base::YamlProblem>& problems) {
  std::string text = "agent.yaml is not valid";
  const char* separator = ": ";
  for (const base::YamlProblem& problem : problems) {
    absl::StrAppend(&text, separator);
    separator = "; ";
    if (problem.line > 0) absl::StrAppend(&text, "line ", problem.line, ": ");
    if (!problem.path.empty()) absl::StrAppend(&text, problem.path, ": ");
    absl::StrAppend(&text, problem.message);
  }
  return contract::Error(v1::REASON_CONFIG_INVALID, text,
                         "deploy/config/agent.full.yaml shows every key with its default.");
}

}  // namespace

absl::StatusOr<AgentConfig> ParseConfig(absl::string_view yaml, const std::string& folder,
                                        const EnvironmentReader& environment) {
  std::vector<base::YamlProblem> problems;
  base::YamlMap root = base::YamlMap::Parse(yaml, &problems);
  AgentConfig config;
  config.controller = root.RequiredString("controller");
  config.ca_pin = root.String("ca_pin");
  if (!config.ca_pin.empty() &&
      (!absl::StartsWith(config.ca_pin, "sha256:") || config.ca_pin.size() != 7 + 64)) {
    root.FailAt("ca_pin", "must be sha256: and 64 hex digits");
  }
  config.state_dir = Absolute(folder, root.String("state_dir", "/var/lib/reset-agent"));
  config.database_url = ReadReference(root, "database_url", "${DATABASE_URL}", environment);
  config.record_schema = root.String("record_schema", config.record_schema);
  if (config.record_schema.empty() || config.record_schema.size() > 63 ||
      config.record_schema == "information_schema" ||
      absl::StartsWith(config.record_schema, "pg_")) {
    root.FailAt("record_schema", "must be the name of a schema of its own");
  }
  config.redis_url = ReadReference(root, "redis_url", "${REDIS_URL}", environment);
  config.parameters = ReadParameters(root, folder);
  config.http_origins = root.Strings("http_origins");
  for (const std::string& origin : config.http_origins) {
    if (OriginOf(origin).empty()) {
      root.FailAt("http_origins", absl::StrCat("'", origin, "' is not http(s)://host[:port]"));
    }
  }
  config.commands = ReadCommands(root);
  config.command_path = root.String("command_path", config.command_path);
  for (const std::string& name : root.Strings("command_environment")) {
    if (!IsVariableName(name)) {
      root.FailAt("command_environment",
                  absl::StrCat("'", name, "' is not the name of a variable"));
    } else if (std::optional<std::string> value = environment(name)) {
      config.command_environment.emplace_back(name, *std::move(value));
    }
  }
  base::YamlMap trust = root.Map("trust");
  config.trust_dir = Absolute(folder, trust.String("dir", "/etc/reset-agent/trust"));
  const std::string same_owner = trust.String("same_owner", "refuse");
  if (same_owner != "accept" && same_owner != "refuse") {
    trust.FailAt("same_owner", absl::StrCat("'", same_owner, "' is neither refuse nor accept"));
  }
  config.accept_same_owner = same_owner == "accept";
  trust.Finish();
  base::YamlMap counting = root.Map("counting");
  config.counting.connections =
      static_cast<int>(counting.Int("connections", config.counting.connections, 1, 16));
  config.counting.estimate_above =
      counting.Int("estimate_above_mb", config.counting.estimate_above >> 20, 1, 1 << 30) << 20;
  counting.Finish();
  base::YamlMap reconnect = root.Map("reconnect");
  config.reconnect_min = reconnect.Duration("min", config.reconnect_min);
  config.reconnect_max = reconnect.Duration("max", config.reconnect_max);
  if (config.reconnect_min <= absl::ZeroDuration() || config.reconnect_max < config.reconnect_min) {
    reconnect.Fail("min must be above zero, and max not below it");
  }
  reconnect.Finish();
  config.drain_timeout = root.Duration("drain_timeout", config.drain_timeout);
  config.log_level = ReadLogLevel(root);
  root.Finish();
  if (!problems.empty()) return Describe(problems);
  return config;
}

absl::StatusOr<AgentConfig> LoadConfig(const std::string& path) {
  absl::StatusOr<std::string> text = base::ReadFile(path, 1 << 20);
  if (!text.ok()) {
    return contract::Error(v1::REASON_CONFIG_INVALID, base::Str(text.status().message()),
                           "Name the agent's configuration with --config.");
  }
  const size_t slash = path.rfind('/');
  return ParseConfig(*text, slash == std::string::npos ? "." : path.substr(0, slash),
                     ProcessEnvironment());
}

absl::Status RequireDatabaseUrl(const AgentConfig& config) {
  if (!config.database_url.empty()) return absl::OkStatus();
  return contract::Error(v1::REASON_CONFIG_INVALID, "DATABASE_URL is not set",
                         "Start the agent with the connection string of its database in "
                         "DATABASE_URL (or the variable that "
                         "database_url in agent.yaml names).");
}

}  // namespace resetctl::agent

#include "controller/app/config.h"

#include <filesystem>

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "controller/app/config_values.h"
#include "proto/base/file.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

bool IsHostAndPort(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || colon == 0 || colon + 1 == text.size()) return false;
  int port = 0;
  for (const char c : text.substr(colon + 1)) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + (c - '0');
    if (port > 65535) return false;
  }
  return true;
}

base::LogLevel ReadLogLevel(base::YamlMap* root) {
  const std::string level = root->String("log_level", "info");
  if (level == "debug") return base::LogLevel::kDebug;
  if (level == "warning") return base::LogLevel::kWarning;
  if (level == "error") return base::LogLevel::kError;
  if (level != "info") root->FailAt("log_level", "must be debug, info, warning or error");
  return base::LogLevel::kInfo;
}

}  // namespace

std::string LogOrigin(const std::string& name) {
  return absl::StrCat("resetctl.controller/", name);
}

ConfigResult ParseConfig(absl::string_view text, absl::string_view folder) {
  ConfigResult result;
  Config& config = result.config;
  base::YamlMap root = base::YamlMap::Parse(text, &result.problems);
  if (!result.problems.empty()) return result;

  config.name = root.String("name", config.name);
  if (!IsName(config.name)) {
    root.FailAt("name", kNameRule);
  }
  config.listen = root.String("listen", config.listen);
  if (!IsHostAndPort(config.listen)) root.FailAt("listen", "must be HOST:PORT");
  config.state_dir = Under(folder, root.RequiredString("state_dir"));
  config.policy = Under(folder, root.RequiredString("policy"));

  base::YamlMap tls = root.Map("tls");
  if (!root.Has("tls")) {
    root.Fail("'tls' is missing");
  } else {
    config.ca = Under(folder, tls.RequiredString("ca"));
    config.ca_key = Under(folder, tls.RequiredString("ca_key"));
    config.certificate = Under(folder, tls.RequiredString("certificate"));
    config.key = Under(folder, tls.RequiredString("key"));
    tls.Finish();
  }
  base::YamlMap audit = root.Map("audit");
  if (!root.Has("audit")) {
    root.Fail("'audit' is missing");
  } else {
    config.audit_key = Under(folder, audit.RequiredString("key"));
    if (audit.Has("retain")) {
      config.audit_retain = ReadDuration(&audit, "retain", config.audit_retain, absl::Seconds(1),
                                         absl::Hours(24 * 36500));
    }
    audit.Finish();
  }

  config.lease =
      ReadDuration(&root, "lease", config.lease, absl::Milliseconds(300), absl::Minutes(10));
  config.session_ttl =
      ReadDuration(&root, "session_ttl", config.session_ttl, absl::Minutes(1), absl::Hours(7 * 24));
  config.certificate_lifetime =
      ReadDuration(&root, "certificate_lifetime", config.certificate_lifetime, absl::Seconds(2),
                   absl::Hours(24 * 366));
  config.drain_timeout = ReadDuration(&root, "drain_timeout", config.drain_timeout,
                                      absl::Seconds(1), absl::Minutes(10));
  config.health = root.Bool("health", config.health);
  config.reflection = root.Bool("reflection", config.reflection);
  config.log_level = ReadLogLevel(&root);
  config.notify = ReadSinks(&root, folder);
  root.Finish();
  return result;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  absl::StatusOr<std::string> text = base::ReadFile(path);
  if (!text.ok()) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat("cannot read the configuration: ", text.status().message()),
                           "name an existing file with --config");
  }
  std::error_code ignored;
  const std::string folder =
      std::filesystem::absolute(path, ignored).lexically_normal().parent_path().string();
  ConfigResult result = ParseConfig(*text, folder);
  if (result.problems.empty()) return std::move(result.config);
  std::string lines;
  for (const base::YamlProblem& problem : result.problems) {
    absl::StrAppend(&lines, "\n  ", path, ":", problem.line, ":", problem.column, " ", problem.path,
                    problem.path.empty() ? "" : ": ", problem.message);
  }
  return contract::Error(
      v1::REASON_CONFIG_INVALID,
      absl::StrCat(result.problems.size(), result.problems.size() == 1 ? " problem" : " problems",
                   " in the configuration:", lines),
      "every key with its default stands in deploy/config/controller.full.yaml");
}

absl::StatusOr<std::string> ReadPrivateKey(const std::string& path) {
  return ReadSecretFile(path, "private key", "make one with: reset-controller init");
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path, absl::string_view what,
                                           absl::string_view how_to_make_one) {
  struct stat facts;
  if (stat(path.c_str(), &facts) != 0) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat("there is no ", what, " at ", path), how_to_make_one);
  }
  if ((facts.st_mode & 077) != 0) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat(path, " can be read by others than its owner"),
                           absl::StrCat("chmod 600 ", path));
  }
  return base::ReadFile(path, 1 << 20);
}

}  // namespace resetctl::controller

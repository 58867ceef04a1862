#include "client/app/config.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/base/closest.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/base/yaml_reader.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

using base::Str;

std::string ConfigFolder(const Variables& variables) {
  const std::string xdg = variables("XDG_CONFIG_HOME");
  if (!xdg.empty()) return absl::StrCat(xdg, "/resetctl");
  return absl::StrCat(variables("HOME"), "/.config/resetctl");
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}

bool IsPin(absl::string_view pin) {
  return absl::StartsWith(pin, "sha256:") && pin.size() == 7 + 64 &&
         std::all_of(pin.begin() + 7, pin.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsAddress(absl::string_view address) {
  const size_t colon = address.rfind(':');
  return colon != absl::string_view::npos && colon > 0 && colon + 1 < address.size() &&
         std::all_of(address.begin() + static_cast<ptrdiff_t>(colon) + 1, address.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

Context ReadContext(const std::string& name, base::YamlMap map) {
  Context context;
  context.name = name;
  context.controller = map.RequiredString("controller");
  context.ca_pin = map.RequiredString("ca_pin");
  context.person = map.String("person");
  context.key = map.String("key");
  if (!context.controller.empty() && !IsAddress(context.controller)) {
    map.FailAt("controller", "must be HOST:PORT");
  }
  if (!context.ca_pin.empty() && !IsPin(context.ca_pin)) {
    map.FailAt("ca_pin", "must be sha256: and 64 lower-case hexadecimal digits");
  }
  map.Finish();
  return context;
}

}  // namespace

const Context* Config::Find(absl::string_view name) const {
  for (const Context& context : contexts) {
    if (context.name == name) return &context;
  }
  return nullptr;
}

void Config::Set(const Context& context) {
  for (Context& known : contexts) {
    if (known.name != context.name) continue;
    if (!context.controller.empty()) known.controller = context.controller;
    if (!context.ca_pin.empty()) known.ca_pin = context.ca_pin;
    if (!context.person.empty()) known.person = context.person;
    if (!context.key.empty()) known.key = context.key;
    return;
  }
  contexts.push_back(context);
}

absl::StatusOr<Config> ParseConfig(absl::string_view yaml, absl::string_view path) {
  Config config;
  // Nothing but blanks and comments is a configuration too.
  bool content = false;
  bool comment = false;
  for (const char c : yaml) {
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    if (!comment && c != ' ' && c != '\n' && c != '\t') content = true;
  }
  if (!content) return config;

  std::vector<base::YamlProblem> problems;
  base::YamlMap root = base::YamlMap::Parse(yaml, &problems);
  config.current = root.String("current");
  base::YamlMap contexts = root.Map("contexts");
  for (const std::string& name : contexts.Keys()) {
    config.contexts.push_back(ReadContext(name, contexts.Map(name)));
  }
  contexts.Finish();
  root.Finish();
  if (problems.empty() && !config.current.empty() && config.Find(config.current) == nullptr) {
    root.FailAt("current", absl::StrCat("names no context: '", config.current, "'"));
  }
  if (problems.empty()) return config;

  v1::Problem problem = contract::MakeProblem(
      v1::REASON_CONFIG_INVALID, "",
      "resetctl context set NAME --controller HOST:PORT ... writes a good one");
  std::string message = absl::StrCat(path, " is not a valid configuration:");
  for (const base::YamlProblem& each : problems) {
    absl::StrAppend(&message, "\n", each.line, ":", each.column, " ", each.path,
                    each.path.empty() ? "" : ": ", each.message);
  }
  problem.set_message(message);
  return contract::ErrorFrom(problem);
}

std::string ToYaml(const Config& config) {
  std::string out;
  if (!config.current.empty()) absl::StrAppend(&out, "current: ", Quoted(config.current), "\n");
  if (config.contexts.empty()) return out;
  absl::StrAppend(&out, "contexts:\n");
  for (const Context& context : config.contexts) {
    absl::StrAppend(&out, "  ", Quoted(context.name),
                    ":\n    controller: ", Quoted(context.controller),
                    "\n    ca_pin: ", Quoted(context.ca_pin), "\n");
    if (!context.person.empty()) {
      absl::StrAppend(&out, "    person: ", Quoted(context.person), "\n");
    }
    if (!context.key.empty()) absl::StrAppend(&out, "    key: ", Quoted(context.key), "\n");
  }
  return out;
}

std::string ConfigPath(const Variables& variables) {
  const std::string path = variables("RESETCTL_CONFIG");
  return path.empty() ? absl::StrCat(ConfigFolder(variables), "/config.yaml") : path;
}

absl::StatusOr<Config> ReadConfig(const std::string& path) {
  const auto text = base::ReadFile(path, 1 << 20);
  if (absl::IsNotFound(text.status())) return Config();
  if (!text.ok()) return contract::Error(v1::REASON_CONFIG_INVALID, text.status().message());
  return ParseConfig(*text, path);
}

absl::Status WriteConfig(const std::string& path, const Config& config) {
  const size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) {
    const absl::Status made = base::MakeFolders(path.substr(0, slash));
    if (!made.ok()) return contract::Error(v1::REASON_CONFIG_INVALID, made.message());
  }
  const absl::Status written = base::WriteFileDurably(path, ToYaml(config), 0600);
  if (!written.ok()) return contract::Error(v1::REASON_CONFIG_INVALID, written.message());
  return absl::OkStatus();
}

absl::StatusOr<Settings> ResolveSettings(const Config& config, absl::string_view asked,
                                         const Variables& variables) {
  std::string name = Str(asked);
  if (name.empty()) name = variables("RESETCTL_CONTEXT");
  if (name.empty()) name = config.current;

  Settings settings;
  if (!name.empty()) {
    const Context* context = config.Find(name);
    if (context == nullptr) {
      std::vector<std::string> names;
      for (const Context& known : config.contexts) names.push_back(known.name);
      const std::string meant = base::DidYouMean(name, names);
      return contract::Error(v1::REASON_NOT_FOUND, absl::StrCat("there is no context '", name, "'"),
                             meant.empty() ? "resetctl context list shows them" : meant);
    }
    settings.context = *context;
  }
  const auto overrule = [&](const char* variable, std::string* field) {
    const std::string value = variables(variable);
    if (!value.empty()) *field = value;
  };
  overrule("RESETCTL_CONTROLLER", &settings.context.controller);
  overrule("RESETCTL_CA_PIN", &settings.context.ca_pin);
  overrule("RESETCTL_PERSON", &settings.context.person);
  overrule("RESETCTL_KEY", &settings.context.key);
  settings.signs_in_by_itself = !variables("RESETCTL_KEY").empty();

  Context& context = settings.context;
  std::vector<std::string> missing;
  if (context.controller.empty()) missing.push_back("controller (RESETCTL_CONTROLLER)");
  if (context.ca_pin.empty()) missing.push_back("CA pin (RESETCTL_CA_PIN)");
  if (context.person.empty()) missing.push_back("person (RESETCTL_PERSON)");
  if (!missing.empty()) {
    std::string list;
    for (const std::string& each : missing) absl::StrAppend(&list, list.empty() ? "" : ", ", each);
    return contract::Error(
        v1::REASON_CONFIG_INVALID, absl::StrCat("not configured: ", list),
        "resetctl login --controller HOST:PORT --ca-pin sha256:... --person NAME --key FILE");
  }
  if (!IsAddress(context.controller)) {
    return contract::Error(
        v1::REASON_CONFIG_INVALID,
        absl::StrCat("the controller '", context.controller, "' is not HOST:PORT"),
        "write it as reset.example.com:7443");
  }
  if (!IsPin(context.ca_pin)) {
    return contract::Error(v1::REASON_CONFIG_INVALID,
                           absl::StrCat("the CA pin '", context.ca_pin, "' is not a digest"),
                           "it is sha256: and 64 lower-case hexadecimal digits; the controller's "
                           "administrator has it");
  }
  if (absl::StartsWith(context.key, "~/")) {
    context.key = absl::StrCat(variables("HOME"), context.key.substr(1));
  }
  // By what it is for, not by the context's name: an edited context never meets another's token.
  const std::string identity =
      absl::StrCat(context.controller, "\n", context.ca_pin, "\n", context.person);
  std::string folder = variables("RESETCTL_STATE");
  if (folder.empty()) folder = absl::StrCat(ConfigFolder(variables), "/state");
  settings.state_folder =
      absl::StrCat(folder, "/", base::ToHex(contract::Sha256(identity)).substr(0, 16));
  return settings;
}

}  // namespace resetctl::client

#include "controller/app/sink_config.h"

#include <set>
#include <utility>

#include <arpa/inet.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/app/config.h"
#include "controller/app/config_values.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

// Half of SHA-256's output: below that, a key is easier to guess than a signature.
constexpr size_t kShortestKey = 16;

bool IsLoopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

std::set<std::string> ReadEnvironments(base::YamlMap* map) {
  const std::vector<std::string> names = map->Strings("environments");
  return {names.begin(), names.end()};
}

std::set<NotificationEvent> ReadEvents(base::YamlMap* map) {
  std::set<NotificationEvent> events;
  for (const base::YamlNode& node : map->List("events")) {
    const std::string name = node.AsString();
    if (const std::optional<NotificationEvent> event = NotificationEventOf(name)) {
      events.insert(*event);
    } else if (node.IsScalar()) {
      node.Fail(absl::StrCat(
          "must be one of ",
          absl::StrJoin(kNotificationEvents, ", ", [](std::string* out, const auto& known) {
            absl::StrAppend(out, known.second);
          })));
    }
  }
  return events;
}

void ReadKind(base::YamlMap* map, Sink* sink) {
  const std::string kind = map->RequiredString("kind");
  if (kind == "slack") {
    sink->kind = SinkKind::kSlack;
  } else if (kind != "webhook" && map->Has("kind")) {
    map->FailAt("kind", "must be webhook or slack");
  }
}

void ReadAddress(base::YamlMap* map, absl::string_view folder, SinkConfig* config) {
  const std::string url = map->String("url");
  config->url_file = Under(folder, map->String("url_file"));
  if (url.empty() && config->url_file.empty()) {
    map->Fail("'url' is missing", "or name a file that holds it with url_file");
  } else if (!url.empty() && !config->url_file.empty()) {
    map->FailAt("url_file", "stands beside 'url'", "keep one of them");
  } else if (!url.empty()) {
    const std::string wrong = WhatIsWrongWithUrl(url);
    if (!wrong.empty()) map->FailAt("url", wrong);
  }
  config->sink.url = base::Secret(url);
}

void ReadSecret(base::YamlMap* map, absl::string_view folder, SinkConfig* config) {
  config->secret_file = Under(folder, map->String("secret_file"));
  if (config->sink.kind == SinkKind::kSlack) {
    if (map->Has("secret_file")) {
      map->FailAt("secret_file", "Slack verifies no signature", "remove it");
    }
  } else if (config->secret_file.empty()) {
    map->Fail("'secret_file' is missing", "a webhook's messages are signed with what it holds");
  }
}

SinkConfig ReadSink(base::YamlMap map, absl::string_view folder) {
  SinkConfig config;
  config.sink.name = map.RequiredString("name");
  if (map.Has("name") && !IsName(config.sink.name)) map.FailAt("name", kNameRule);
  ReadKind(&map, &config.sink);
  ReadAddress(&map, folder, &config);
  ReadSecret(&map, folder, &config);
  config.sink.environments = ReadEnvironments(&map);
  config.sink.events = ReadEvents(&map);
  config.sink.timeout =
      ReadDuration(&map, "timeout", config.sink.timeout, absl::Seconds(1), absl::Minutes(2));
  config.sink.give_up_after = ReadDuration(&map, "give_up_after", config.sink.give_up_after,
                                           absl::Minutes(1), absl::Hours(30 * 24));
  map.Finish();
  return config;
}

absl::Status Invalid(const Sink& sink, const std::string& file, absl::string_view what,
                     absl::string_view advice) {
  return contract::Error(v1::REASON_CONFIG_INVALID,
                         absl::StrCat("notify ", sink.name, ": ", file, " ", what), advice);
}

}  // namespace

std::string WhatIsWrongWithUrl(absl::string_view url) {
  const bool https = absl::StartsWithIgnoreCase(url, "https://");
  if (!https && !absl::StartsWithIgnoreCase(url, "http://")) return "must be an https:// URL";
  for (const char c : url) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) return "must not hold blanks";
  }
  url.remove_prefix(https ? 8 : 7);
  const absl::string_view authority = url.substr(0, url.find_first_of("/?#\\"));
  if (absl::StrContains(authority, "@")) return "must not hold a user name or a password";
  size_t end = authority.rfind(':');
  if (end == absl::string_view::npos || authority.find(']', end) != absl::string_view::npos) {
    end = authority.size();
  }
  const std::string host = absl::AsciiStrToLower(authority.substr(0, end));
  if (host.empty()) return "names no host";
  if (end < authority.size()) {
    int port = 0;
    if (!absl::SimpleAtoi(authority.substr(end + 1), &port) || port < 1 || port > 65535) {
      return "has no good port";
    }
  }
  if (!https && !IsLoopback(host)) return "must be https://; http:// is for this machine alone";
  return "";
}

std::vector<SinkConfig> ReadSinks(base::YamlMap* root, absl::string_view folder) {
  std::vector<SinkConfig> configs;
  std::set<std::string> names;
  for (const base::YamlNode& node : root->List("notify")) {
    configs.push_back(ReadSink(node.AsMap(), folder));
    const std::string& name = configs.back().sink.name;
    if (!name.empty() && !names.insert(name).second) {
      node.Fail(absl::StrCat("another one is called ", name),
                "give each a name of its own: its place in the log is kept under it");
    }
  }
  return configs;
}

absl::StatusOr<std::vector<Sink>> LoadSinks(const std::vector<SinkConfig>& configs) {
  std::vector<Sink> sinks;
  for (const SinkConfig& config : configs) {
    Sink sink = config.sink;
    if (!config.url_file.empty()) {
      absl::StatusOr<std::string> url =
          ReadSecretFile(config.url_file, "file with a URL", "write the URL into it, mode 600");
      if (!url.ok()) return url.status();
      absl::StripAsciiWhitespace(&*url);
      const std::string wrong = WhatIsWrongWithUrl(*url);
      if (!wrong.empty()) {
        return Invalid(sink, config.url_file, absl::StrCat("holds no usable URL: it ", wrong),
                       "write the URL into it, alone");
      }
      sink.url = base::Secret(*std::move(url));
    }
    if (!config.secret_file.empty()) {
      constexpr char kMakeOne[] = "make one with: (umask 077; openssl rand -hex 32 > FILE)";
      absl::StatusOr<std::string> key = ReadSecretFile(config.secret_file, "secret", kMakeOne);
      if (!key.ok()) return key.status();
      absl::StripAsciiWhitespace(&*key);
      if (key->size() < kShortestKey) {
        return Invalid(sink, config.secret_file,
                       absl::StrCat("holds less than ", kShortestKey, " characters"), kMakeOne);
      }
      sink.key = base::Secret(*std::move(key));
    }
    sinks.push_back(std::move(sink));
  }
  return sinks;
}

}  // namespace resetctl::controller

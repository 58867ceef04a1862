#include <algorithm>
#include <regex>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/closest.h"
#include "proto/base/utf8.h"
#include "proto/contract/blueprint_parts.h"

namespace resetctl::contract::blueprint {
namespace {

using base::YamlMap;
using base::YamlNode;
using Json = nlohmann::json;  // a std::map inside: keys come out sorted

// A plain scalar is a JSON number when it is written like one (RFC 8259 §6).
Json ScalarToJson(const YamlNode& node) {
  const std::string text = node.AsString();
  if (!node.IsPlain()) return text;
  if (text == "true") return true;
  if (text == "false") return false;
  static const std::regex kNumber("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
  constexpr size_t kLongestNumber = 64;
  if (text.size() > kLongestNumber || !std::regex_match(text, kNumber)) return text;
  Json number = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool whole = text.find_first_of(".eE") == std::string::npos;
  if (number.is_discarded() || (whole && !number.is_number_integer())) {
    node.Fail("the number is too large to be kept exactly", "Quote it, to send it as text.");
    return text;
  }
  return number;
}

Json ToJson(const YamlNode& node) {
  if (node.IsNull()) return nullptr;
  if (node.IsScalar()) return ScalarToJson(node);
  if (node.IsList()) {
    Json list = Json::array();
    for (const YamlNode& item : node.AsList()) list.push_back(ToJson(item));
    return list;
  }
  Json object = Json::object();
  YamlMap map = node.AsMap();
  for (const std::string& key : map.Keys()) object[key] = ToJson(*map.Node(key));
  return object;
}

bool IsHeaderName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

void ReadHeaders(Context& context, YamlMap& map, HttpAction* http) {
  YamlMap headers = map.Map("headers");
  for (const std::string& name : headers.Keys()) {
    const YamlNode node = *headers.Node(name);
    const std::string value = node.AsString();
    if (!IsHeaderName(name)) headers.FailAt(name, "is no name of an HTTP header");
    if (base::HasControlCharacters(value, /*lines=*/false)) {
      node.Fail("a header's value is one line of printable text");
    }
    NoteReferences(context, node, value, /*in_sql=*/false);
    http->headers.emplace_back(name, value);
  }
}

HttpAction ReadHttp(Context& context, const YamlNode& node) {
  HttpAction http;
  YamlMap map = node.AsMap();
  if (!node.IsMap()) return http;
  http.url = map.RequiredString("url");
  if (!http.url.empty()) {
    NoteReferences(context, *map.Node("url"), http.url, /*in_sql=*/false);
    const bool known = absl::StartsWith(http.url, "https://") ||
                       absl::StartsWith(http.url, "http://") || absl::StartsWith(http.url, "${");
    if (!known || http.url.find(' ') != std::string::npos ||
        base::HasControlCharacters(http.url, /*lines=*/false)) {
      map.FailAt("url", "must begin with https://, http:// or ${NAME} and hold no blanks");
    }
  }
  const std::optional<YamlNode> json = map.Node("json");
  http.method = map.String("method", json ? "POST" : "GET");
  const std::vector<std::string> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  if (std::find(methods.begin(), methods.end(), http.method) == methods.end()) {
    map.FailAt("method", absl::StrCat("must be one of ", absl::StrJoin(methods, ", ")),
               base::DidYouMean(http.method, methods));
  }
  ReadHeaders(context, map, &http);
  if (json && json->IsNull()) {
    json->Fail("has no value", "Write the body, or remove the key.");
  } else if (json) {
    http.json = ToJson(*json).dump(-1, ' ', false, Json::error_handler_t::replace);
    NoteReferences(context, *json, http.json, /*in_sql=*/false);
    if (http.method == "GET" || http.method == "HEAD") {
      map.FailAt("method", absl::StrCat(http.method, " has no body, so 'json' has no place here"),
                 "Use POST, or remove 'json'.");
    }
  }
  http.expect = static_cast<int>(map.Int("expect", 200, 100, 599));
  map.Finish();
  return http;
}

CommandAction ReadCommand(const YamlNode& node) {
  CommandAction command;
  for (const YamlNode& item : node.AsList()) {
    const std::string word = item.AsString();
    if (absl::StrContains(word, "${")) {
      item.Fail(
          "parameters cannot be used in a command: others could read them in the process list",
          "Let the command read what it needs from its own configuration.");
    }
    if (base::HasControlCharacters(word, /*lines=*/true)) {
      item.Fail("an argument holds control characters", "Remove them.");
    }
    command.argv.push_back(word);
  }
  if (node.IsList() && (command.argv.empty() || command.argv[0].empty())) {
    node.Fail("names no program", "Write [program, argument, ...].");
  }
  return command;
}

RailwayRestartAction ReadRailwayRestart(const YamlNode& node) {
  YamlMap map = node.AsMap();
  if (!node.IsMap()) return {};
  std::set<std::string> names;
  RailwayRestartAction action{ReadName(map, "service", &names)};
  if (absl::StrContains(action.service, "${")) {
    map.FailAt("service", "parameters cannot be used here", "Write the service's name.");
  }
  map.Finish();
  return action;
}

// The one action among the keys of `map`.
Action ReadAction(Context& context, YamlMap& map) {
  std::vector<std::string> kinds;
  for (const char* kind : {"http", "command", "railway_restart"}) {
    map.Node(kind);
    if (map.Has(kind)) kinds.push_back(kind);
  }
  if (kinds.size() != 1) {
    map.Fail(kinds.empty() ? std::string("the step does nothing")
                           : absl::StrCat("the step has ", absl::StrJoin(kinds, " and ")),
             "A step has exactly one of http, command and railway_restart.");
  }
  Action action;
  if (map.Has("railway_restart")) action = ReadRailwayRestart(*map.Node("railway_restart"));
  if (map.Has("command")) action = ReadCommand(*map.Node("command"));
  if (map.Has("http")) action = ReadHttp(context, *map.Node("http"));
  return action;
}

void ReadLimits(YamlMap& map, HookSpec* hook) {
  hook->timeout = map.Duration("timeout", absl::Seconds(30));
  if (hook->timeout < absl::Seconds(1) || hook->timeout > absl::Hours(1)) {
    map.FailAt("timeout", "must be between 1s and 1h");
  }
  hook->retries = static_cast<int>(map.Int("retries", 0, 0, 20));
}

void ReadBefore(Context& context, YamlMap& root) {
  std::set<std::string> names;
  for (const YamlNode& node : root.List("before")) {
    YamlMap map = node.AsMap();
    if (!node.IsMap()) continue;
    HookSpec hook;
    hook.location = context.At(node);
    hook.name = ReadName(map, "name", &names);
    ReadLimits(map, &hook);
    if (map.Has("do")) {
      YamlMap action = map.Map("do");
      hook.action = ReadAction(context, action);
      action.Finish();
    } else {
      map.Node("do");
      map.FailAt("do", "is missing", "Write 'do: {command: [...]}'.");
    }
    map.Node("undo");
    if (map.Has("undo")) {
      YamlMap action = map.Map("undo");
      hook.undo = ReadAction(context, action);
      action.Finish();
    }
    map.Finish();
    context.out.before.push_back(std::move(hook));
  }
}

void ReadAfter(Context& context, YamlMap& root) {
  std::set<std::string> names;
  for (const YamlNode& node : root.List("after")) {
    YamlMap map = node.AsMap();
    if (!node.IsMap()) continue;
    HookSpec hook;
    hook.location = context.At(node);
    hook.name = ReadName(map, "name", &names);
    ReadLimits(map, &hook);
    hook.action = ReadAction(context, map);
    // A restart is a convenience that many targets lack; whoever depends on it says so.
    const bool restart = std::holds_alternative<RailwayRestartAction>(hook.action);
    hook.required = map.Bool("required", !restart);
    map.Finish();
    context.out.after.push_back(std::move(hook));
  }
}

}  // namespace

void ReadHooks(Context& context, YamlMap& root) {
  ReadBefore(context, root);
  ReadAfter(context, root);
}

}  // namespace resetctl::contract::blueprint

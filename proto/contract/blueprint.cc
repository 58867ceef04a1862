#include "proto/contract/blueprint.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/base/yaml_reader.h"
#include "proto/contract/blueprint_parts.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using base::YamlMap;
using base::YamlNode;
using blueprint::Context;

constexpr size_t kLongestName = 200;

bool IsBlueprintName(absl::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

void ReadHead(Context& context, YamlMap& root) {
  if (!root.Has("version")) root.FailAt("version", "is missing", "Write 'version: 1'.");
  root.Int("version", 1, 1, 1);
  context.out.name = root.RequiredString("name");
  if (!context.out.name.empty() && !IsBlueprintName(context.out.name)) {
    root.FailAt("name", "may hold letters, digits, '-', '_' and '.' only, at most 63",
                "Choose a name like rental-manager.");
  }
  context.out.description = root.String("description");
  if (base::HasControlCharacters(context.out.description, /*lines=*/true)) {
    root.FailAt("description", "holds control characters", "Remove them.");
  }
}

void ReadRedis(Context& context, YamlMap& root) {
  RedisSpec& redis = context.out.redis;
  if (!root.Has("redis")) {
    root.Node("redis");
    redis.flush = FlushMode::kNone;  // nothing said, nothing touched
    return;
  }
  YamlMap map = root.Map("redis");
  redis.required = map.Bool("required", true);
  const std::optional<YamlNode> flush = map.Node("flush");
  const char* advice = "Write db, all, none or {prefixes: ['cache:']}.";
  if (!flush) {
    map.FailAt("flush", "is missing", advice);
  } else if (flush->IsMap()) {
    redis.flush = FlushMode::kPrefixes;
    YamlMap prefixes = flush->AsMap();
    for (const YamlNode& node : prefixes.List("prefixes")) {
      const std::string prefix = node.AsString();
      if (node.IsScalar() && prefix.empty()) {
        node.Fail("an empty prefix matches every key", "Write 'flush: db' if that is meant.");
      }
      redis.prefixes.push_back(prefix);
    }
    if (redis.prefixes.empty()) flush->Fail("names no prefix", advice);
    prefixes.Finish();
  } else {
    const std::string mode = flush->IsScalar() ? flush->AsString() : "";
    if (mode == "none") {
      redis.flush = FlushMode::kNone;
    } else if (mode == "db") {
      redis.flush = FlushMode::kDb;
    } else if (mode == "all") {
      redis.flush = FlushMode::kAll;
    } else {
      flush->Fail("must be db, all, none or a map with prefixes", advice);
    }
  }
  map.Finish();
}

std::string AsSentence(std::string text) {
  if (!text.empty() && !absl::EndsWith(text, ".") && !absl::EndsWith(text, "?")) text += '.';
  return text;
}

// The blueprint first, then the other files by name; within a file from top to bottom.
void Collect(Context& context, std::vector<v1::Problem>* problems) {
  for (const base::YamlProblem& each : context.yaml_problems) {
    v1::Problem problem =
        MakeProblem(v1::REASON_BLUEPRINT_INVALID, base::Describe(each), each.advice);
    problem.set_file(context.bundle.blueprint_path);
    problem.set_line(each.line);
    problem.set_column(each.column);
    problems->push_back(std::move(problem));
  }
  for (v1::Problem& problem : context.problems) problems->push_back(std::move(problem));
  for (v1::Problem& problem : *problems) problem.set_message(AsSentence(problem.message()));
  const auto place = [&](const v1::Problem& problem) {
    const bool elsewhere = problem.file() != context.bundle.blueprint_path;
    return std::make_tuple(elsewhere, problem.file(), problem.line(), problem.column());
  };
  std::stable_sort(problems->begin(), problems->end(),
                   [&](const v1::Problem& a, const v1::Problem& b) { return place(a) < place(b); });
}

}  // namespace

namespace blueprint {

void Complain(Context& context, const Location& location, absl::string_view what,
              absl::string_view advice) {
  v1::Problem problem = MakeProblem(v1::REASON_BLUEPRINT_INVALID, what, advice);
  problem.set_file(location.file);
  problem.set_line(location.line);
  problem.set_column(location.column);
  context.problems.push_back(std::move(problem));
}

std::string ReadName(YamlMap& map, absl::string_view key, std::set<std::string>* names) {
  std::string name = map.RequiredString(key);
  if (name.empty()) return name;
  if (name.size() > kLongestName || base::HasControlCharacters(name, /*lines=*/false)) {
    map.FailAt(key, "must be one line of at most 200 printable characters");
  } else if (!names->insert(name).second) {
    map.FailAt(key, absl::StrCat("'", name, "' is used twice"),
               "People tell steps apart by their names: give each its own.");
  }
  return name;
}

}  // namespace blueprint

ParsedBlueprint ParseBlueprint(const BundleFiles& bundle) {
  ParsedBlueprint parsed;
  Context context{bundle, parsed.blueprint, {}, {}, {}, {}};
  const auto file = bundle.files.find(bundle.blueprint_path);
  if (file == bundle.files.end()) {
    blueprint::Complain(context, {bundle.blueprint_path, 0, 0}, "the blueprint is missing",
                        "Check the path.");
    Collect(context, &parsed.problems);
    return parsed;
  }
  const size_t none = context.yaml_problems.size();
  YamlMap root = YamlMap::Parse(file->second, &context.yaml_problems);
  // Without a single key there is nothing more to say than what the parser said.
  if (context.yaml_problems.size() == none || !root.Keys().empty()) {
    ReadHead(context, root);
    blueprint::ReadParameters(context, root);
    blueprint::ReadPostgres(context, root);
    blueprint::ReadRecreateSteps(context, root.List("recreate"), &parsed.blueprint.recreate);
    blueprint::ReadSets(context, root);
    blueprint::ReadChecks(context, root);
    ReadRedis(context, root);
    blueprint::ReadHooks(context, root);
    root.Finish();
    blueprint::CheckUses(context);
  }
  Collect(context, &parsed.problems);
  return parsed;
}

std::vector<std::string> FilesNamedBy(absl::string_view blueprint_text) {
  std::vector<base::YamlProblem> ignored;
  YamlMap root = YamlMap::Parse(blueprint_text, &ignored);
  std::vector<YamlNode> steps = root.List("recreate");
  YamlMap sets = root.Map("sets");
  for (const std::string& set : sets.Keys()) {
    for (YamlNode& node : sets.List(set)) steps.push_back(std::move(node));
  }
  std::set<std::string> files;
  for (const YamlNode& node : steps) {
    if (!node.IsMap()) continue;
    YamlMap step = node.AsMap();
    files.insert(step.String("sql"));
    files.insert(step.Map("csv").String("file"));
  }
  files.erase("");
  return {files.begin(), files.end()};
}

absl::StatusOr<std::vector<std::pair<std::string, RecreateStepSpec>>> StepsWithSets(
    const Blueprint& blueprint, const std::vector<std::string>& sets) {
  std::vector<std::pair<std::string, RecreateStepSpec>> steps;
  for (const RecreateStepSpec& step : blueprint.recreate) steps.emplace_back("", step);
  std::set<std::string> chosen;
  for (const std::string& set : sets) {
    const auto found = blueprint.sets.find(set);
    if (found == blueprint.sets.end()) {
      std::vector<std::string> known;
      for (const auto& [name, ignored] : blueprint.sets) known.push_back(name);
      std::string advice = base::DidYouMean(set, known);
      if (advice.empty()) advice = "See 'sets' in the blueprint for the ones it has.";
      return Error(v1::REASON_NOT_FOUND, absl::StrCat("The blueprint has no set '", set, "'."),
                   advice);
    }
    if (!chosen.insert(set).second) continue;
    for (const RecreateStepSpec& step : found->second) steps.emplace_back(set, step);
  }
  return steps;
}

absl::StatusOr<std::string> ReplaceParameters(
    absl::string_view text, const std::function<const std::string*(absl::string_view)>& lookup) {
  std::string replaced;
  while (true) {
    const size_t open = text.find("${");
    replaced.append(text.data(), std::min(open, text.size()));
    if (open == absl::string_view::npos) return replaced;
    const size_t close = text.find('}', open);
    if (close == absl::string_view::npos) {
      return Error(v1::REASON_INVALID_ARGUMENT, "A '${' has no '}'.", "Write ${NAME}.");
    }
    const absl::string_view name = text.substr(open + 2, close - open - 2);
    const std::string* value = lookup(name);
    if (value == nullptr) {
      return Error(v1::REASON_INVALID_ARGUMENT, absl::StrCat("There is no parameter '", name, "'."),
                   "Declare it under 'parameters' of the blueprint.");
    }
    replaced += *value;
    text.remove_prefix(close + 1);
  }
}

}  // namespace resetctl::contract

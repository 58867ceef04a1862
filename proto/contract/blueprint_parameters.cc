#include <algorithm>
#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/base/closest.h"
#include "proto/base/text.h"
#include "proto/contract/blueprint_parts.h"

namespace resetctl::contract::blueprint {
namespace {

using base::YamlMap;
using base::YamlNode;

constexpr size_t kLongestPattern = 256;  // std::regex recurses

bool IsParameterName(absl::string_view name) {
  if (name.empty() || name.size() > 63 || name[0] < 'A' || name[0] > 'Z') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool HasClass(absl::string_view text, absl::string_view name) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (name == "upper") return absl::ascii_isupper(byte);
    if (name == "lower") return absl::ascii_islower(byte);
    if (name == "digit") return absl::ascii_isdigit(byte);
    return !absl::ascii_isalnum(byte);
  });
}

void ReadPattern(YamlMap& map, ParameterSpec* spec) {
  spec->pattern = map.String("pattern");
  if (!map.Has("pattern")) return;
  if (spec->secret) {
    map.FailAt("pattern", "a secret has no pattern: the answers would tell what it is",
               "Use min_length and classes.");
    return;
  }
  if (spec->pattern.empty() || spec->pattern.size() > kLongestPattern) {
    map.FailAt("pattern", "must have 1 to 256 characters");
    return;
  }
  try {
    const std::regex pattern(spec->pattern, std::regex::ECMAScript);
    if (spec->fallback && spec->fallback->size() <= kLongestPattern &&
        !std::regex_match(*spec->fallback, pattern)) {
      map.FailAt("default", "does not match this parameter's own pattern");
    }
  } catch (const std::regex_error&) {
    map.FailAt("pattern", "is not a regular expression (ECMAScript)",
               "Check brackets, repetitions and backslashes.");
  }
}

void ReadClasses(YamlMap& map, ParameterSpec* spec) {
  const std::vector<std::string> known = {"upper", "lower", "digit", "special"};
  for (const YamlNode& node : map.List("classes")) {
    const std::string name = node.AsString();
    if (!node.IsScalar()) continue;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string advice = base::DidYouMean(name, known);
      if (advice.empty()) advice = "Use upper, lower, digit or special.";
      node.Fail(absl::StrCat("'", name, "' is no class of characters"), advice);
    } else if (spec->fallback && !HasClass(*spec->fallback, name)) {
      map.FailAt("default", absl::StrCat("has no character of the class '", name, "'"));
    }
    spec->classes.push_back(name);
  }
}

void ReadBcrypt(YamlMap& map, ParameterSpec* spec) {
  spec->bcrypt_of = map.RequiredString("bcrypt");
  spec->bcrypt_cost = static_cast<int>(map.Int("cost", 12, 4, 18));
  for (const char* other :
       {"required", "default", "secret", "sql", "pattern", "min_length", "classes"}) {
    map.Node(other);
    if (map.Has(other)) {
      map.FailAt(other, "has no place beside 'bcrypt'",
                 "Say it at the parameter that the hash is made of.");
    }
  }
}

void ReadParameter(Context& context, const YamlNode& node, ParameterSpec* spec) {
  YamlMap map = node.AsMap();
  spec->location = context.At(node);
  if (map.Has("bcrypt")) {
    ReadBcrypt(map, spec);
    map.Finish();
    return;
  }
  spec->required = map.Bool("required", false);
  if (map.Has("default")) spec->fallback = map.String("default");
  spec->secret = map.Bool("secret", false);
  spec->sql = map.Bool("sql", false);
  spec->min_length = static_cast<int>(map.Int("min_length", 0, 0, 1000));
  ReadPattern(map, spec);
  ReadClasses(map, spec);
  if (spec->fallback && spec->fallback->size() < static_cast<size_t>(spec->min_length)) {
    map.FailAt("default", absl::StrCat("is shorter than min_length ", spec->min_length));
  }
  if (spec->required && spec->fallback) {
    map.FailAt("default", "a required parameter has no default", "Keep one of the two.");
  }
  if (spec->secret && spec->fallback) {
    map.FailAt("default", "a secret has no default: everybody could read it here",
               "Remove it and write 'required: true'.");
  }
  map.Node("bcrypt");
  if (map.Has("cost")) {
    map.FailAt("cost", "is for 'bcrypt' only");
    map.Node("cost");
  }
  map.Finish();
}

const ParameterSpec* Find(const Blueprint& blueprint, absl::string_view name, bool lower) {
  for (const ParameterSpec& spec : blueprint.parameters) {
    const std::string candidate = lower ? absl::AsciiStrToLower(spec.name) : spec.name;
    if (absl::string_view(candidate) == name) return &spec;
  }
  return nullptr;
}

std::vector<std::string> Names(const Blueprint& blueprint, bool lower) {
  std::vector<std::string> names;
  for (const ParameterSpec& spec : blueprint.parameters) {
    names.push_back(lower ? absl::AsciiStrToLower(spec.name) : spec.name);
  }
  return names;
}

}  // namespace

void ReadParameters(Context& context, YamlMap& root) {
  YamlMap map = root.Map("parameters");
  for (const std::string& name : map.Keys()) {
    ParameterSpec spec;
    spec.name = name;
    if (!IsParameterName(name)) {
      map.FailAt(name, "is no parameter name",
                 "Use capital letters, digits and '_', beginning with a letter, at most 63.");
    }
    ReadParameter(context, *map.Node(name), &spec);
    context.out.parameters.push_back(std::move(spec));
  }
  for (const ParameterSpec& spec : context.out.parameters) {
    if (spec.bcrypt_of.empty()) continue;
    const ParameterSpec* source = Find(context.out, spec.bcrypt_of, /*lower=*/false);
    if (source == nullptr) {
      std::string advice = base::DidYouMean(spec.bcrypt_of, Names(context.out, /*lower=*/false));
      if (advice.empty()) advice = "Declare it under 'parameters'.";
      Complain(context, spec.location,
               absl::StrCat("parameters.", spec.name, ".bcrypt: the parameter '", spec.bcrypt_of,
                            "' is not declared"),
               advice);
    } else if (!source->bcrypt_of.empty()) {
      Complain(context, spec.location,
               absl::StrCat("parameters.", spec.name, ".bcrypt: '", spec.bcrypt_of,
                            "' is a hash itself"),
               "Name the password's parameter.");
    }
  }
}

void NoteReferences(Context& context, const YamlNode& node, absl::string_view text, bool in_sql) {
  for (size_t open = text.find("${"); open != absl::string_view::npos;
       open = text.find("${", open + 2)) {
    const size_t close = text.find('}', open);
    const absl::string_view name = close == absl::string_view::npos
                                       ? absl::string_view()
                                       : text.substr(open + 2, close - open - 2);
    const bool word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
    });
    if (!word) {
      node.Fail("a '${' begins a parameter, and no name and '}' follow", "Write ${NAME}.");
      continue;
    }
    context.uses.push_back({base::Str(name), /*setting=*/false, in_sql, context.At(node)});
  }
}

void CheckUses(Context& context) {
  for (const ParameterUse& use : context.uses) {
    const ParameterSpec* spec = Find(context.out, use.name, use.setting);
    const std::string written = use.setting
                                    ? absl::StrCat("current_setting('resetctl.", use.name, "')")
                                    : absl::StrCat("${", use.name, "}");
    if (spec == nullptr) {
      std::string advice = base::DidYouMean(use.name, Names(context.out, use.setting));
      if (advice.empty()) {
        advice = absl::StrCat("Declare ", absl::AsciiStrToUpper(use.name), " under 'parameters'.");
      }
      Complain(context, use.location, absl::StrCat(written, ": no such parameter is declared"),
               advice);
    } else if (use.in_sql && spec->secret && !spec->sql) {
      Complain(context, use.location,
               absl::StrCat(written, ": a secret never reaches SQL, only what is derived from it"),
               "Use a bcrypt parameter made of it; or, knowing that the server may log it, mark "
               "the secret with 'sql: true'.");
    }
  }
}

}  // namespace resetctl::contract::blueprint

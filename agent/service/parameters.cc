#include "agent/service/parameters.h"

#include <algorithm>
#include <crypt.h>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <regex>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr size_t kBcryptLimit = 72;
constexpr int64_t kMaxValueBytes = 64 << 10;
constexpr size_t kLongestMatched = 1024;  // std::regex recurses for each character

class Resolver {
 public:
  Resolver(const std::vector<ParameterSource>& allowed, const EnvironmentReader& environment)
      : allowed_(allowed), environment_(environment) {}

  void Resolve(const contract::ParameterSpec& spec) {
    const auto source = std::find_if(allowed_.begin(), allowed_.end(),
                                     [&](const ParameterSource& s) { return s.name == spec.name; });
    if (source == allowed_.end()) {
      Fail(spec, v1::REASON_PARAMETER_NOT_ALLOWED, "is not listed in agent.yaml",
           "ask the owner of the database to add it under `parameters`");
      return;
    }
    if (!spec.secret && !spec.sql && !source->is_public) {
      Fail(spec, v1::REASON_PARAMETER_NOT_ALLOWED,
           "is public for the blueprint, but secret in agent.yaml",
           "mark it `public: true` in agent.yaml, or `secret: true` in the blueprint");
      return;
    }
    ResolvedParameter resolved;
    resolved.name = spec.name;
    resolved.secret = spec.secret || !source->is_public;
    resolved.sql = !resolved.secret || spec.sql;
    if (!Read(spec, *source, &resolved) || !Check(spec, resolved)) return;
    answer_.parameters.emplace(spec.name, std::move(resolved));
  }

  void Derive(const contract::ParameterSpec& spec, bool derive) {
    const auto from = answer_.parameters.find(spec.bcrypt_of);
    if (from == answer_.parameters.end()) return;  // its own problem has been told
    if (from->second.value.Reveal().size() > kBcryptLimit) {
      Fail(spec, v1::REASON_PARAMETER_INVALID,
           absl::StrCat("cannot be made: ", spec.bcrypt_of,
                        " is longer than 72 bytes, and bcrypt ignores the rest"),
           "use a shorter password");
      return;
    }
    ResolvedParameter resolved{spec.name, base::Secret(), true, true, "bcrypt"};
    if (derive) {
      auto hash = BcryptHash(from->second.value, spec.bcrypt_cost);
      if (!hash.ok()) {
        Fail(spec, v1::REASON_PARAMETER_INVALID, hash.status().message(), "");
        return;
      }
      resolved.value = base::Secret(*std::move(hash));
    }
    answer_.parameters.emplace(spec.name, std::move(resolved));
  }

  ParameterAnswer Take() { return std::move(answer_); }

 private:
  void Fail(const contract::ParameterSpec& spec, v1::Reason reason, absl::string_view what,
            absl::string_view advice) {
    v1::Problem problem =
        contract::MakeProblem(reason, absl::StrCat("parameter ", spec.name, " ", what), advice);
    problem.set_file(spec.location.file);
    problem.set_line(spec.location.line);
    problem.set_column(spec.location.column);
    problem.add_objects(spec.name);
    answer_.problems.push_back(std::move(problem));
  }

  // False when a problem has been told.
  bool Read(const contract::ParameterSpec& spec, const ParameterSource& source,
            ResolvedParameter* resolved) {
    std::optional<std::string> value;
    std::string where;
    if (!source.path.empty()) {
      where = absl::StrCat("file ", source.path);
      auto content = base::ReadFile(source.path, kMaxValueBytes);
      if (content.ok()) {
        value = *std::move(content);
        if (!value->empty() && value->back() == '\n') value->pop_back();
      }
      resolved->source = "file";
    } else {
      const std::string& variable = source.environment.empty() ? source.name : source.environment;
      where = absl::StrCat("environment variable ", variable);
      value = environment_(variable);
      resolved->source = "environment";
    }
    if ((!value || value->empty()) && spec.fallback) {
      value = *spec.fallback;
      resolved->source = "default";
    }
    if (!value || value->empty()) {
      if (!spec.required) {
        resolved->value = base::Secret("");
        return true;
      }
      Fail(spec, v1::REASON_PARAMETER_MISSING,
           absl::StrCat("is required, but ", where, " is not set on the agent"),
           "set it where the agent runs, and restart the agent");
      return false;
    }
    resolved->value = base::Secret(*std::move(value));
    return true;
  }

  bool Check(const contract::ParameterSpec& spec, const ResolvedParameter& resolved) {
    const std::string& value = resolved.value.Reveal();
    if (value.empty() && !spec.required) return true;
    if (value.find('\0') != std::string::npos) {
      Fail(spec, v1::REASON_PARAMETER_INVALID, "holds a NUL byte", "");
      return false;
    }
    if (static_cast<int>(value.size()) < spec.min_length) {
      Fail(spec, v1::REASON_PARAMETER_INVALID,
           absl::StrCat("is too short: at least ", spec.min_length, " characters"), "");
      return false;
    }
    std::vector<std::string> missing;
    for (const std::string& wanted : spec.classes) {
      const auto is_in = [&](char c) {
        const auto u = static_cast<unsigned char>(c);
        if (wanted == "upper") return absl::ascii_isupper(u);
        if (wanted == "lower") return absl::ascii_islower(u);
        if (wanted == "digit") return absl::ascii_isdigit(u);
        return !absl::ascii_isalnum(u) && !absl::ascii_isspace(u);
      };
      if (std::none_of(value.begin(), value.end(), is_in)) missing.push_back(wanted);
    }
    if (!missing.empty()) {
      Fail(spec, v1::REASON_PARAMETER_INVALID,
           absl::StrCat("needs at least one character of: ", absl::StrJoin(missing, ", ")), "");
      return false;
    }
    if (!spec.pattern.empty() && !resolved.secret && value.size() > kLongestMatched) {
      Fail(spec, v1::REASON_PARAMETER_INVALID,
           absl::StrCat("is too long for a pattern: at most ", kLongestMatched, " characters"), "");
      return false;
    }
    if (!spec.pattern.empty() && !resolved.secret && !MatchesPattern(value, spec.pattern)) {
      Fail(spec, v1::REASON_PARAMETER_INVALID, absl::StrCat("does not match ", spec.pattern), "");
      return false;
    }
    return true;
  }

  static bool MatchesPattern(const std::string& value, const std::string& pattern) {
    try {
      return std::regex_search(value, std::regex(pattern));
    } catch (const std::regex_error&) {
      return false;
    }
  }

  const std::vector<ParameterSource>& allowed_;
  const EnvironmentReader& environment_;
  ParameterAnswer answer_;
};

std::string Crypt(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  const char* hash = crypt_r(password.c_str(), setting.c_str(), data.get());
  std::string result = hash != nullptr && hash[0] != '*' ? hash : "";
  explicit_bzero(data.get(), sizeof(crypt_data));
  return result;
}

}  // namespace

EnvironmentReader ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

ParameterAnswer ResolveParameters(const contract::Blueprint& blueprint,
                                  const std::vector<ParameterSource>& allowed,
                                  const EnvironmentReader& environment, bool derive) {
  Resolver resolver(allowed, environment);
  for (const contract::ParameterSpec& spec : blueprint.parameters) {
    if (spec.bcrypt_of.empty()) resolver.Resolve(spec);
  }
  for (const contract::ParameterSpec& spec : blueprint.parameters) {
    if (!spec.bcrypt_of.empty()) resolver.Derive(spec, derive);
  }
  return resolver.Take();
}

absl::StatusOr<std::string> BcryptHash(const base::Secret& password, int cost) {
  const std::string& value = password.Reveal();
  if (value.size() > kBcryptLimit) {
    return absl::InvalidArgumentError(
        "a password over 72 bytes cannot be hashed: bcrypt ignores the rest");
  }
  if (value.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("a password with a NUL byte cannot be hashed");
  }
  const std::string random = base::RandomBytes(16);
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  if (crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost), random.data(),
                       static_cast<int>(random.size()), setting, sizeof(setting)) == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("bcrypt takes no cost of ", cost));
  }
  std::string hash = Crypt(value, setting);
  if (hash.empty()) return absl::InternalError("bcrypt failed");
  return hash;
}

bool BcryptMatches(const base::Secret& password, const std::string& hash) {
  return !hash.empty() && base::EqualInConstantTime(Crypt(password.Reveal(), hash), hash);
}

}  // namespace resetctl::agent

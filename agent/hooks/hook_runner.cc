#include "agent/hooks/hook_runner.h"

#include <algorithm>
#include <chrono>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/base/http_client.h"
#include "proto/base/subprocess.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

using contract::CommandAction;
using contract::HttpAction;
using contract::RailwayRestartAction;

constexpr absl::Duration kFirstPause = absl::Milliseconds(250);
constexpr absl::Duration kLongestPause = absl::Seconds(8);
constexpr size_t kShownOutput = 400;

std::string FindProgram(absl::string_view name, absl::string_view path) {
  if (absl::StrContains(name, "/"))
    return access(base::Str(name).c_str(), X_OK) == 0 ? base::Str(name) : "";
  for (const absl::string_view folder : absl::StrSplit(path, ':', absl::SkipEmpty())) {
    std::string candidate = absl::StrCat(folder, "/", name);
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

// `public_only` shows secrets as [NAME]: for plans and messages.
absl::StatusOr<std::string> Fill(absl::string_view text, const ResolvedParameters& parameters,
                                 bool public_only) {
  std::map<std::string, std::string> shown;
  return contract::ReplaceParameters(text, [&](absl::string_view name) -> const std::string* {
    const auto found = parameters.find(base::Str(name));
    if (found == parameters.end()) return nullptr;
    if (!public_only || !found->second.secret) return &found->second.value.Reveal();
    return &(shown[found->first] = absl::StrCat("[", found->first, "]"));
  });
}

// A value inside the quotes of a JSON text.
std::string JsonInner(absl::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&out, "\\u00", base::ToHex(absl::string_view(&c, 1)));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

absl::StatusOr<std::string> FillJson(absl::string_view json, const ResolvedParameters& parameters) {
  std::map<std::string, std::string> escaped;
  return contract::ReplaceParameters(json, [&](absl::string_view name) -> const std::string* {
    const auto found = parameters.find(base::Str(name));
    if (found == parameters.end()) return nullptr;
    return &(escaped[found->first] = JsonInner(found->second.value.Reveal()));
  });
}

std::string FirstOutput(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  absl::string_view first = text.substr(0, kShownOutput);
  if (first.size() < text.size()) {
    // Cut between words: half of a secret would not be known for one and redacted.
    first = first.substr(0, first.find_last_of(" \t\r\n") + 1);
  }
  // Programs write what they like; protobuf would refuse to read bytes that are not UTF-8.
  std::string shown = base::ToValidUtf8(first);
  std::replace_if(
      shown.begin(), shown.end(),
      [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); }, ' ');
  return first.size() < text.size() ? shown + "..." : shown;
}

HookOutcome Failed(std::string detail) { return {v1::EVENT_KIND_FAILED, std::move(detail)}; }

// What one try of any action came to.
struct Try {
  bool ok = false;
  bool missing = false;  // the program is not on this machine
  std::string detail;
};

Try RunProgram(const base::SubprocessOptions& options, absl::string_view shown) {
  auto result = base::RunSubprocess(options);
  if (!result.ok()) {
    return {false, absl::IsNotFound(result.status()), absl::StrCat(shown, " could not be started")};
  }
  if (result->timed_out)
    return {false, false,
            absl::StrCat(shown, " did not end within ", absl::FormatDuration(options.timeout))};
  if (result->exit_code == 0) return {true, false, ""};
  const std::string output = FirstOutput(result->standard_error.empty() ? result->standard_output
                                                                        : result->standard_error);
  const std::string how = result->exit_code < 0 ? absl::StrCat("ended by signal ", result->signal)
                                                : absl::StrCat("exit code ", result->exit_code);
  return {false, false, absl::StrCat(shown, ": ", how, output.empty() ? "" : ": ", output)};
}

Try TryHttp(const HttpAction& action, const contract::HookSpec& hook, const HookSettings& settings,
            const ResolvedParameters& parameters, const std::atomic<bool>& cancelled) {
  auto url = Fill(action.url, parameters, false);
  auto json = FillJson(action.json, parameters);
  if (!url.ok() || !json.ok()) return {false, false, "a parameter is not known"};
  const std::string origin = OriginOf(*url);
  // Again, now that the address is what it will be: a parameter may have changed since the plan.
  if (std::none_of(settings.http_origins.begin(), settings.http_origins.end(),
                   [&](const std::string& allowed) {
                     return !origin.empty() && OriginOf(allowed) == origin;
                   })) {
    return {false, false, "the address is not among the origins that agent.yaml allows"};
  }
  base::HttpRequest request{*url, action.method, {}, *json, hook.timeout};
  for (const auto& [name, value] : action.headers) {
    auto filled = Fill(value, parameters, false);
    if (!filled.ok() || absl::StrContains(*filled, "\n") || absl::StrContains(*filled, "\r")) {
      return {false, false, absl::StrCat("header ", name, " cannot be made")};
    }
    request.headers.emplace_back(name, *std::move(filled));
  }
  const base::HttpAnswer answer = base::SendHttp(request, cancelled);
  if (answer.status == action.expect) {
    return {true, false,
            absl::StrCat(answer.status, " in ", absl::ToInt64Milliseconds(answer.took), " ms")};
  }
  if (answer.status == 0) return {false, false, absl::StrCat("no answer: ", answer.error)};
  return {false, false, absl::StrCat("expected ", action.expect, ", got ", answer.status)};
}

base::SubprocessOptions ChildOptions(const HookSettings& settings, const contract::HookSpec& hook) {
  base::SubprocessOptions options;
  options.path = settings.path;
  options.timeout = hook.timeout;
  options.environment = {absl::StrCat("PATH=", settings.path), "LANG=C.UTF-8",
                         absl::StrCat("RESETCTL_ENVIRONMENT=", settings.environment),
                         absl::StrCat("RESETCTL_TARGET=", settings.target)};
  for (const auto& [name, value] : settings.child_environment) {
    options.environment.push_back(absl::StrCat(name, "=", value));
  }
  return options;
}

Try TryAction(const contract::Action& action, const contract::HookSpec& hook,
              const HookSettings& settings, const ResolvedParameters& parameters,
              const std::atomic<bool>& cancelled) {
  if (const auto* http = std::get_if<HttpAction>(&action)) {
    return TryHttp(*http, hook, settings, parameters, cancelled);
  }
  base::SubprocessOptions options = ChildOptions(settings, hook);
  if (const auto* command = std::get_if<CommandAction>(&action)) {
    if (std::find(settings.commands.begin(), settings.commands.end(), command->argv) ==
        settings.commands.end()) {
      return {false, false, "agent.yaml does not allow this command"};
    }
    options.argv = command->argv;
    return RunProgram(options, command->argv.front());
  }
  const auto& railway = std::get<RailwayRestartAction>(action);
  options.argv = {"railway",       "restart",       "--service",
                  railway.service, "--environment", settings.environment,
                  "--yes",         "--json"};
  return RunProgram(options, "railway");
}

std::string Summary(const contract::Action& action, const ResolvedParameters& parameters) {
  if (const auto* http = std::get_if<HttpAction>(&action)) {
    auto url = Fill(http->url, parameters, true);
    return absl::StrCat(http->method, " ", url.ok() ? *url : http->url, ", expects ", http->expect);
  }
  if (const auto* command = std::get_if<CommandAction>(&action))
    return absl::StrJoin(command->argv, " ");
  return absl::StrCat("restart Railway service ", std::get<RailwayRestartAction>(action).service);
}

std::string HowToRestart(absl::string_view service) {
  return absl::StrCat(
      "the Railway CLI is not on the agent's machine; restart service ", service,
      " in Railway's dashboard, or install the CLI there: npm install -g @railway/cli");
}

void CheckAllowed(const contract::Action& action, const contract::HookSpec& hook,
                  const HookSettings& settings, const ResolvedParameters& parameters,
                  std::vector<v1::Problem>* problems, std::vector<v1::Problem>* warnings) {
  const auto add = [&](std::vector<v1::Problem>* list, v1::Reason reason, absl::string_view what,
                       absl::string_view advice) {
    v1::Problem problem =
        contract::MakeProblem(reason, absl::StrCat(hook.name, ": ", what), advice);
    problem.set_file(hook.location.file);
    problem.set_line(hook.location.line);
    problem.set_column(hook.location.column);
    list->push_back(std::move(problem));
  };
  if (const auto* http = std::get_if<HttpAction>(&action)) {
    auto url = Fill(http->url, parameters, false);
    if (!url.ok()) return;  // an unresolved parameter is its own problem
    const std::string origin = OriginOf(*url);
    // In small letters no scrubber would know a secret again.
    const auto shown = Fill(http->url, parameters, true);
    if (origin.empty()) {
      add(problems, v1::REASON_ORIGIN_NOT_ALLOWED, "the address is no plain http(s) URL",
          "write scheme://host[:port]/path");
    } else if (std::none_of(
                   settings.http_origins.begin(), settings.http_origins.end(),
                   [&](const std::string& allowed) { return OriginOf(allowed) == origin; })) {
      add(problems, v1::REASON_ORIGIN_NOT_ALLOWED,
          absl::StrCat(shown.ok() ? OriginOf(*shown) : "the address",
                       " is not among the HTTP origins that agent.yaml allows"),
          "ask the owner of the database to add it under `http_origins`");
    }
  } else if (const auto* command = std::get_if<CommandAction>(&action)) {
    if (std::find(settings.commands.begin(), settings.commands.end(), command->argv) ==
        settings.commands.end()) {
      add(problems, v1::REASON_COMMAND_NOT_ALLOWED,
          absl::StrCat("agent.yaml does not allow the command `", absl::StrJoin(command->argv, " "),
                       "`"),
          "ask the owner of the database to add exactly these arguments under `commands`");
    }
  } else if (FindProgram("railway", settings.path).empty()) {
    const std::string what = HowToRestart(std::get<RailwayRestartAction>(action).service);
    add(hook.required ? problems : warnings, v1::REASON_AFTER_STEP_FAILED, what, "");
  }
}

}  // namespace

std::string OriginOf(absl::string_view url) {
  std::string scheme;
  for (const char* known : {"http", "https"}) {
    if (absl::StartsWithIgnoreCase(url, absl::StrCat(known, "://"))) scheme = known;
  }
  if (scheme.empty()) return "";
  url.remove_prefix(scheme.size() + 3);
  const absl::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.empty() || absl::StrContains(authority, "@") || absl::StrContains(authority, "\\"))
    return "";
  for (const char c : authority) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) return "";
  }
  std::string host = absl::AsciiStrToLower(authority);
  const absl::string_view default_port = scheme == "http" ? ":80" : ":443";
  return absl::StrCat(scheme, "://", absl::StripSuffix(host, default_port));
}

v1::HookStep RealHookRunner::Describe(const contract::HookSpec& hook,
                                      const ResolvedParameters& parameters,
                                      std::vector<v1::Problem>* problems,
                                      std::vector<v1::Problem>* warnings) {
  v1::HookStep step;
  step.set_name(hook.name);
  step.set_kind(std::holds_alternative<HttpAction>(hook.action)      ? "http"
                : std::holds_alternative<CommandAction>(hook.action) ? "command"
                                                                     : "railway_restart");
  step.set_summary(Summary(hook.action, parameters));
  step.set_required(hook.required);
  step.set_retries(hook.retries);
  step.mutable_timeout()->set_seconds(absl::ToInt64Seconds(hook.timeout));
  CheckAllowed(hook.action, hook, settings_, parameters, problems, warnings);
  if (hook.undo) {
    step.set_undo_summary(Summary(*hook.undo, parameters));
    CheckAllowed(*hook.undo, hook, settings_, parameters, problems, warnings);
  }
  return step;
}

void RealHookRunner::Cancel() {
  base::MutexLock lock(mutex_);
  cancelled_ = true;
  cancel_.SignalAll();
}

bool RealHookRunner::Pause(absl::Duration pause) {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point until = Steady::now() + absl::ToChronoMilliseconds(pause);
  base::MutexLock lock(mutex_);
  while (!cancelled_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
    if (left.count() <= 0) return true;
    cancel_.WaitFor(mutex_, left);
  }
  return false;
}

HookOutcome RealHookRunner::Run(const contract::HookSpec& hook, const contract::Action& action,
                                const ResolvedParameters& parameters) {
  cancelled_ = false;
  absl::Duration pause = kFirstPause;
  for (int tries = 1;; ++tries) {
    const Try result = TryAction(action, hook, settings_, parameters, cancelled_);
    if (result.ok) return {v1::EVENT_KIND_SUCCEEDED, result.detail};
    if (const auto* railway = std::get_if<RailwayRestartAction>(&action);
        railway != nullptr && result.missing) {
      return {hook.required ? v1::EVENT_KIND_FAILED : v1::EVENT_KIND_WARNING,
              HowToRestart(railway->service)};
    }
    if (tries > hook.retries || result.missing || !Pause(pause)) {
      std::string detail = result.detail;
      if (tries > 1) absl::StrAppend(&detail, " (", tries, " tries)");
      if (!hook.required) return {v1::EVENT_KIND_WARNING, std::move(detail)};
      return Failed(std::move(detail));
    }
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace resetctl::agent

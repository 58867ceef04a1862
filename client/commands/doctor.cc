#include <algorithm>
#include <pwd.h>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/app/controller.h"
#include "client/commands/verbs.h"
#include "client/output/exit_codes.h"
#include "client/output/json.h"
#include "client/output/next_step.h"
#include "client/output/sanitize.h"
#include "client/output/times.h"
#include "proto/contract/ssh_signature.h"
#include "proto/transport/tls.h"

namespace resetctl::client {
namespace {

constexpr absl::Duration kSkewLimit = absl::Minutes(2);  // what a controller forgives

// One thing that was looked at.
struct Finding {
  std::string name;
  std::string text;
  std::optional<v1::Problem> problem;
};

class Findings {
 public:
  void Good(absl::string_view name, absl::string_view text) {
    list_.push_back({std::string(name), Clean(text), std::nullopt});
  }
  void Bad(absl::string_view name, const v1::Problem& problem) {
    list_.push_back({std::string(name), Clean(problem.message(), true), problem});
  }
  void Bad(absl::string_view name, const absl::Status& status) {
    Bad(name, contract::ProblemOf(status));
  }
  const std::vector<Finding>& list() const { return list_; }

 private:
  std::vector<Finding> list_;
};

void LookAtMachine(const App& app, Findings* findings) {
  const struct passwd* entry = getpwuid(getuid());
  if (entry != nullptr) {
    findings->Good("user", entry->pw_name);
  } else {
    findings->Bad("user", contract::MakeProblem(
                              v1::REASON_CONFIG_INVALID,
                              absl::StrCat("uid ", getuid(), " has no passwd entry"),
                              "ssh-keygen refuses to work without one: add a line to /etc/passwd"));
  }
  std::string path = app.variables("PATH");
  if (path.empty()) path = "/usr/local/bin:/usr/bin:/bin";
  for (const auto folder : absl::StrSplit(path, ':')) {
    const std::string program = absl::StrCat(folder, "/ssh-keygen");
    if (access(program.c_str(), X_OK) == 0) {
      findings->Good("ssh-keygen", program);
      return;
    }
  }
  findings->Bad("ssh-keygen",
                contract::MakeProblem(v1::REASON_CONFIG_INVALID, "ssh-keygen is not installed",
                                      "apt-get install openssh-client"));
}

void LookAtKey(const Settings& settings, Findings* findings) {
  const std::string& path = settings.context.key;
  if (path.empty()) {
    findings->Bad(
        "key", contract::MakeProblem(v1::REASON_CONFIG_INVALID, "no key to sign with is configured",
                                     "resetctl context set NAME --key FILE, or RESETCTL_KEY"));
    return;
  }
  const auto key = contract::PublicKeyOf(path);
  if (!key.ok()) {
    findings->Bad("key", key.status());
    return;
  }
  struct stat info = {};
  const bool open_to_others =
      !absl::EndsWith(path, ".pub") && stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0;
  if (open_to_others) {
    findings->Bad("key", contract::MakeProblem(v1::REASON_CONFIG_INVALID,
                                               absl::StrCat(path, " is readable by others"),
                                               absl::StrCat("chmod 600 ", path)));
    return;
  }
  findings->Good("key", absl::StrCat(key->type, " ", key->fingerprint));
}

absl::StatusOr<std::vector<v1::Run>> RunsThatAre(Controller& controller, v1::RunState state) {
  v1::ListRunsRequest request;
  request.set_state(state);
  request.set_page_size(100);
  const auto listed = controller.ListRuns(request);
  if (!listed.ok()) return listed.status();
  return std::vector<v1::Run>(listed->runs().begin(), listed->runs().end());
}

bool IsOfOneTarget(const v1::Run& one, const v1::Run& other) {
  return one.environment() == other.environment() && one.target() == other.target();
}

// What became of a run that needed attention is nobody's business after a later one that has succeeded.
bool IsOldNews(const v1::Run& run, const std::vector<v1::Run>& succeeded) {
  if (run.state() != v1::RUN_STATE_NEEDS_ATTENTION) return false;
  return std::any_of(succeeded.begin(), succeeded.end(), [&run](const v1::Run& later) {
    return IsOfOneTarget(run, later) && TimeOf(later.create_time()) > TimeOf(run.create_time());
  });
}

void LookAtRuns(const Look& look, Controller& controller, Findings* findings) {
  const auto succeeded = RunsThatAre(controller, v1::RUN_STATE_SUCCEEDED);
  if (!succeeded.ok()) return findings->Bad("runs", succeeded.status());
  bool any = false;
  for (int state = v1::RunState_MIN; state <= v1::RunState_MAX; ++state) {
    if (!v1::RunState_IsValid(state) || state == v1::RUN_STATE_UNSPECIFIED) continue;
    const auto runs = RunsThatAre(controller, static_cast<v1::RunState>(state));
    if (!runs.ok()) return findings->Bad("runs", runs.status());
    for (const v1::Run& run : *runs) {
      const std::optional<v1::Problem> trouble = TroubleOf(look, run);
      if (!trouble || IsOldNews(run, *succeeded)) continue;
      findings->Bad("run", *trouble);
      any = true;
    }
  }
  if (!any) findings->Good("runs", "nothing is to be done about any");
}

void LookAtController(App& app, const Settings& settings, Findings* findings) {
  // Fetched anew, past the cache: this is about the connection as it is now.
  const auto ca = transport::FetchPinnedCa(settings.context.controller, settings.context.ca_pin);
  if (!ca.ok()) {
    findings->Bad("controller", ca.status());
    return;
  }
  findings->Good("controller",
                 absl::StrCat(settings.context.controller, ", certificate fits the pin"));
  auto controller = app.Connect();
  if (!controller.ok()) {
    findings->Bad("session", controller.status());
    return;
  }
  const absl::Time before = app.clock.Now();
  const auto identity = (*controller)->GetIdentity();
  const absl::Time after = app.clock.Now();
  if (!identity.ok()) {
    findings->Bad("session", identity.status());
    return;
  }
  findings->Good("session",
                 absl::StrCat(identity->person(), " until ",
                              When(app.printer.OutLook(), TimeOf(identity->expire_time()))));
  if (identity->has_time()) {
    // At best as exact as the call took.
    const absl::Duration skew = TimeOf(identity->time()) - (before + (after - before) / 2);
    if (absl::AbsDuration(skew) > kSkewLimit) {
      findings->Bad("clock", contract::MakeProblem(
                                 v1::REASON_STATEMENT_EXPIRED,
                                 absl::StrCat("this clock is ", Human(absl::AbsDuration(skew)),
                                              skew > absl::ZeroDuration() ? " behind" : " ahead of",
                                              " the controller's"),
                                 "statements would be refused: set the clock"));
    } else {
      findings->Good("clock",
                     absl::StrCat("within ", Human(absl::AbsDuration(skew) + (after - before)),
                                  " of the controller's"));
    }
  }
  const auto targets = (*controller)->ListTargets(v1::ListTargetsRequest());
  if (!targets.ok()) {
    findings->Bad("targets", targets.status());
    return;
  }
  if (targets->targets().empty()) findings->Good("targets", "none yet");
  for (const auto& target : targets->targets()) {
    const std::string name = absl::StrCat(target.environment(), " / ", target.name());
    if (!target.online()) {
      findings->Bad("target", contract::MakeProblem(
                                  v1::REASON_AGENT_OFFLINE,
                                  absl::StrCat(name, " is offline",
                                               LastSeen(app.printer.OutLook(), target.seen_time())),
                                  "start its reset-agent beside the database"));
    } else if (target.has_witness_alarm()) {
      v1::Problem alarm = target.witness_alarm();
      alarm.set_message(absl::StrCat(name, ": ", alarm.message()));
      findings->Bad("target", alarm);
    } else if (!target.problem().empty()) {
      findings->Bad("target", contract::MakeProblem(
                                  v1::REASON_NO_PLAN, absl::StrCat(name, ": ", target.problem()),
                                  "reset-agent check, beside the database, says more"));
    } else {
      findings->Good("target", absl::StrCat(name, " is online"));
    }
  }
  LookAtRuns(app.printer.OutLook(), **controller, findings);
}

std::string ToText(const Look& look, const Findings& findings) {
  std::string out;
  for (const Finding& finding : findings.list()) {
    const bool good = !finding.problem.has_value();
    absl::StrAppend(&out, " ", Paint(look, good ? Tone::kGood : Tone::kBad, good ? "✓" : "✗"), " ",
                    Pad(finding.name, 12), Wrap(finding.text, look.width, 15), "\n");
    if (!good && !finding.problem->advice().empty()) {
      absl::StrAppend(&out, std::string(15, ' '),
                      Wrap(Clean(finding.problem->advice(), true), look.width, 15), "\n");
    }
  }
  return out;
}

std::string ToJsonLine(const Findings& findings) {
  std::vector<std::string> list;
  for (const Finding& finding : findings.list()) {
    list.push_back(
        JsonObject({{"check", JsonText(finding.name)},
                    {"ok", finding.problem.has_value() ? "false" : "true"},
                    {"message", JsonText(finding.text)},
                    {"problem", finding.problem.has_value() ? ToJson(*finding.problem) : "null"}}));
  }
  return JsonObject({{"checks", JsonArray(list)}});
}

}  // namespace

Outcome RunDoctor(App& app) {
  Findings findings;
  LookAtMachine(app, &findings);
  const auto settings = app.LoadSettings();
  if (settings.ok()) {
    findings.Good("context", absl::StrCat(settings->context.name.empty() ? "from the environment"
                                                                         : settings->context.name,
                                          ", ", settings->context.person, " at ",
                                          settings->context.controller));
    LookAtKey(*settings, &findings);
    LookAtController(app, *settings, &findings);
  } else {
    findings.Bad("context", settings.status());
  }
  app.printer.JsonLine(ToJsonLine(findings));
  app.printer.Page(ToText(app.printer.OutLook(), findings));
  for (const Finding& finding : findings.list()) {
    if (finding.problem.has_value()) return contract::RowOf(finding.problem->reason()).exit;
  }
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

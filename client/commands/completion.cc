#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/commands/command_line.h"
#include "client/commands/verbs.h"
#include "client/output/json.h"

namespace resetctl::client {
namespace {

// The words that may follow "resetctl" ("" here), "context", "context use", ...
std::map<std::string, std::vector<std::string>> WordsAfter(
    const std::vector<VerbDescription>& verbs) {
  std::map<std::string, std::vector<std::string>> words;
  for (const VerbDescription& verb : verbs) {
    const size_t blank = verb.verb.find(' ');
    const std::string parent = blank == std::string::npos ? "" : verb.verb.substr(0, blank);
    words[parent].push_back(blank == std::string::npos ? verb.verb : verb.verb.substr(blank + 1));
  }
  for (const VerbDescription& verb : verbs) {
    auto& list = words[verb.verb];
    list.insert(list.end(), verb.options.begin(), verb.options.end());
  }
  words["list"].insert(words["list"].begin(), {"plans", "runs"});
  words["completion"].insert(words["completion"].begin(), {"bash", "zsh", "fish"});
  return words;
}

std::string Cases(const std::vector<VerbDescription>& verbs) {
  std::string out;
  for (const auto& [verb, words] : WordsAfter(verbs)) {
    absl::StrAppend(&out, "    '", verb, "') words='", absl::StrJoin(words, " "), "' ;;\n");
  }
  return out;
}

// One function serves bash and, through bashcompinit, zsh. Files complete as usual where no word fits.
std::string Bash(const std::vector<VerbDescription>& verbs) {
  return absl::StrCat(R"(_resetctl() {
  local cur="${COMP_WORDS[COMP_CWORD]}" path='' word words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${COMP_WORDS[i]}"
    case "$word" in -*) continue ;; esac
    case "$path" in
    '') path="$word" ;;
    agent|audit|blueprint|context|env|policy|target) path="$path $word" ;;
    esac
  done
  case "$path" in
)",
                      Cases(verbs), R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _resetctl resetctl
)");
}

std::string Fish(const std::vector<VerbDescription>& verbs) {
  std::string out = "complete -c resetctl -f\n";
  for (const VerbDescription& verb : verbs) {
    const std::string text = absl::StrReplaceAll(verb.description, {{"'", "\\'"}});
    const size_t blank = verb.verb.find(' ');
    std::string seen = absl::StrCat("__fish_seen_subcommand_from ", verb.verb.substr(0, blank));
    if (blank == std::string::npos) {
      absl::StrAppend(&out, "complete -c resetctl -n __fish_use_subcommand -a ", verb.verb, " -d '",
                      text, "'\n");
    } else {
      absl::StrAppend(&out, "complete -c resetctl -n '", seen, "' -a ", verb.verb.substr(blank + 1),
                      " -d '", text, "'\n");
      absl::StrAppend(&seen, "; and __fish_seen_subcommand_from ", verb.verb.substr(blank + 1));
    }
    for (const std::string& option : verb.options) {
      absl::StrAppend(&out, "complete -c resetctl -n '", seen, "' -l ", option.substr(2), "\n");
    }
  }
  for (const char* verb : {"plan", "reset", "check", "report"}) {
    absl::StrAppend(&out, "complete -c resetctl -n '__fish_seen_subcommand_from ", verb, "' -F\n");
  }
  return out;
}

}  // namespace

Outcome RunCompletion(const std::string& shell, App& app) {
  const std::vector<VerbDescription> verbs = DescribeVerbs();
  std::string script = shell == "fish" ? Fish(verbs) : Bash(verbs);
  if (shell == "zsh") {
    script =
        absl::StrCat("#compdef resetctl\nautoload -U +X bashcompinit && bashcompinit\n", script);
  }
  app.printer.JsonLine(JsonObject({{"shell", JsonText(shell)}, {"script", JsonText(script)}}));
  app.printer.Page(script);
  return contract::ExitCode::kDone;
}

}  // namespace resetctl::client

#include "client/commands/command_line.h"

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/commands/verb_tree.h"
#include "client/output/sanitize.h"
#include "proto/base/closest.h"

namespace resetctl::client {
namespace {

// The verb that was recognised last, and its words: "context use".
CLI::App* Chosen(CLI::App* app, std::string* words) {
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    absl::StrAppend(words, words->empty() ? "" : " ", app->get_name());
  }
  return app;
}

std::vector<std::string> VerbNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* each : app.get_subcommands({})) names.push_back(each->get_name());
  return names;
}

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(absl::StrCat("--", name));
  }
  return names;
}

absl::Status Usage(absl::string_view what, const std::string& words, absl::string_view meant = "") {
  const std::string help =
      absl::StrCat("resetctl ", words, words.empty() ? "" : " ", "--help shows what there is");
  return contract::Error(v1::REASON_INVALID_ARGUMENT, Clean(what),
                         meant.empty() ? help : absl::StrCat(meant, " ", help));
}

// Arguments that nothing took: a misspelt option weighs more than what followed it.
absl::Status ExtrasError(CLI::App* chosen, const std::string& words,
                         const std::vector<std::string>& extras) {
  std::string culprit = extras.front();
  for (const std::string& extra : extras) {
    if (absl::StartsWith(extra, "-")) {
      culprit = extra;
      break;
    }
  }
  const bool option = absl::StartsWith(culprit, "-");
  const std::string name = culprit.substr(0, culprit.find('='));
  if (option) {
    return Usage(absl::StrCat(words.empty() ? "resetctl" : words, " has no option ", name), words,
                 base::DidYouMean(name, OptionNames(*chosen)));
  }
  const std::vector<std::string> verbs = VerbNames(*chosen);
  if (!verbs.empty()) {
    return Usage(absl::StrCat("there is no verb '", words, words.empty() ? "" : " ", culprit, "'"),
                 words, base::DidYouMean(culprit, verbs));
  }
  return Usage(absl::StrCat(words, " takes no further argument '", culprit, "'"), words);
}

}  // namespace

CommandLine ParseCommandLine(const std::vector<std::string>& arguments) {
  VerbTree tree;
  CommandLine result;
  // Known even when the rest cannot be parsed: an error must be printed in the right form.
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const bool next = (argument == "-o" || argument == "--output") && i + 1 < arguments.size();
    if (argument == "-ojson" || argument == "-o=json" || argument == "--output=json" ||
        (next && arguments[i + 1] == "json")) {
      tree.globals.json = true;
    }
  }
  std::string words;
  absl::Status failure;
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    // `resetctl help plan` is what many type first.
    if (!arguments.empty() && arguments.front() == "help") {
      reversed.pop_back();
      reversed.insert(reversed.begin(), "--help");
    }
    tree.root->parse(reversed);
  } catch (const CLI::CallForHelp&) {
    result.globals = tree.globals;
    CLI::App* asked = Chosen(tree.root.get(), &words);
    const size_t blank = words.rfind(' ');
    const std::string parents = blank == std::string::npos ? "" : words.substr(0, blank);
    result.help = asked == tree.root.get()
                      ? asked->help()
                      : asked->help(absl::StrCat("resetctl", parents.empty() ? "" : " ", parents));
    return result;
  } catch (const CLI::ParseError& error) {
    failure = Usage(error.what(), "");
  }
  result.globals = tree.globals;
  CLI::App* chosen = Chosen(tree.root.get(), &words);
  const std::vector<std::string> extras = tree.root->remaining(true);
  if (!extras.empty()) {
    result.status = ExtrasError(chosen, words, extras);
  } else if (!failure.ok()) {
    result.status = Usage(absl::StrCat(words, words.empty() ? "" : ": ", failure.message()), words);
  } else if (tree.run == nullptr) {
    result.status =
        words.empty()
            ? Usage("say what to do: a verb is missing", "")
            : Usage(absl::StrCat(words, " needs one of ", Listed(VerbNames(*chosen))), words);
  } else {
    result.run = tree.run;
  }
  return result;
}

std::vector<VerbDescription> DescribeVerbs() {
  VerbTree tree;
  std::vector<VerbDescription> verbs;
  for (const CLI::App* app : tree.root->get_subcommands({})) {
    verbs.push_back({app->get_name(), app->get_description(), OptionNames(*app)});
    for (const CLI::App* inner : app->get_subcommands({})) {
      verbs.push_back({absl::StrCat(app->get_name(), " ", inner->get_name()),
                       inner->get_description(), OptionNames(*inner)});
    }
  }
  return verbs;
}

}  // namespace resetctl::client

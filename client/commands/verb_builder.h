#ifndef RESETCTL_CLIENT_COMMANDS_VERB_BUILDER_H_
#define RESETCTL_CLIENT_COMMANDS_VERB_BUILDER_H_

#include <functional>
#include <string>

#include "client/commands/verb_tree.h"

namespace resetctl::client {

// The groups of `resetctl --help`.
inline constexpr char kEveryday[] = "Everyday";
inline constexpr char kDecisions[] = "Decisions";
inline constexpr char kLooking[] = "Looking";
inline constexpr char kSetup[] = "Set-up";

// Puts verbs into a tree. Each verb's options live in a shared struct that its callback hands to the verb's function.
class VerbBuilder {
 public:
  using Function = std::function<Outcome(App&)>;

  explicit VerbBuilder(VerbTree& tree) : tree_(tree) {}

  // A word with verbs below it: `audit`.
  CLI::App* Group(const char* name, const char* description, const char* group);
  CLI::App* Verb(CLI::App* parent, const char* name, const char* description, const char* group,
                 const std::string& example, Function function);
  CLI::App* Verb(const char* name, const char* description, const char* group,
                 const std::string& example, Function function);
  // A verb that takes one id, called `what` in its help.
  void Id(const char* name, const char* what, const char* description, const char* group,
          const std::string& example, Outcome (*function)(const std::string&, App&));
  // A verb below `parent` that takes one file.
  void File(CLI::App* parent, const char* name, const char* description, const std::string& example,
            Outcome (*function)(const std::string&, App&));
  // --limit and --page.
  static void AddPaging(CLI::App* app, int* limit, std::string* page);
  // To every verb that there is.
  void AddGlobals();

 private:
  void AddGlobals(CLI::App* app);

  VerbTree& tree_;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_VERB_BUILDER_H_

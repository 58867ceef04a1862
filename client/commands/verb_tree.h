#ifndef RESETCTL_CLIENT_COMMANDS_VERB_TREE_H_
#define RESETCTL_CLIENT_COMMANDS_VERB_TREE_H_

#include <functional>
#include <memory>

#include "client/commands/command_line.h"

// CLI11 alone takes seconds to compile: only the files that make the tree and command_line.cc include it.
namespace CLI {
class App;
}

namespace resetctl::client {

// Every verb with its options, its help and what it calls. A parse of `root` fills in `globals`, and `run` when it found a verb.
struct VerbTree {
  VerbTree();
  ~VerbTree();
  VerbTree(const VerbTree&) = delete;
  VerbTree& operator=(const VerbTree&) = delete;

  const std::unique_ptr<CLI::App> root;
  GlobalOptions globals;
  std::function<Outcome(App&)> run;
};

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_COMMANDS_VERB_TREE_H_

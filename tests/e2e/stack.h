#ifndef RESETCTL_TESTS_E2E_STACK_H_
#define RESETCTL_TESTS_E2E_STACK_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/await.h"
#include "tests/support/daemon.h"

namespace resetctl::support {

// What a program said and how it ended.
struct Said {
  int exit_code = -1;
  std::string out;
  std::string err;
  std::string both() const { return out + err; }
};

// Where the three programs are.
struct Programs {
  std::string client, agent, controller;
  static Programs OfThisBuild();
};

// The three programs as people use them: a controller, agents and the command line, real processes with real TLS and real
// SSH keys, below a folder of their own. People: alice and bob (dba), carol (dba), dana (product), nightly (a robot), mallory
// (whom nobody knows).
class Stack {
 public:
  struct Options {
    std::string
        policy;  // policy.yaml's `environments:`; empty: staging without approvals, production with two
    std::string more_environments;  // further ones of policy.yaml
    std::string lease = "2s";
    std::string certificate_lifetime = "30d";  // of agents
    Programs programs = Programs::OfThisBuild();
    // A folder (tests/failpoints/failpoints.cc): agent and controller are those that stop at failpoints instead.
    std::string failpoints;
    std::string controller_yaml;  // more lines of controller.yaml
  };
  struct Agent {
    std::string environment;
    std::string target = "shop";
    std::string database_url;
    std::string redis_url;  // empty: none
    std::map<std::string, std::string>
        variables;  // ADMIN_PASSWORD=..., all listed in agent.yaml, public but *PASSWORD*
    std::string http_origin;
    std::vector<std::string> commands;  // YAML flow lists: "[touch, /x]"
    std::string floor;                  // floor.yaml; empty: as the policy of the environment
    std::vector<std::string> unlisted;  // variables that agent.yaml does not list
    std::string controller;             // where it attaches, when not at the controller itself
  };

  explicit Stack(const Options& options);
  Stack() : Stack(Options()) {}
  ~Stack();

  // Invites, enrols, starts and awaits the agent.
  void AddAgent(const Agent& agent);
  void StartAgent(const std::string& environment,
                  const std::map<std::string, std::string>& more_variables = {});
  void AwaitAgent(const std::string& environment);
  // The same agent once more, on a copy of its folder: its certificate, its state.
  std::unique_ptr<Daemon> StartCopyOfAgent(const std::string& environment);
  // As the controller sees it.
  bool IsOnline(const std::string& environment);
  Daemon& AgentOf(const std::string& environment);
  void StartController();
  Daemon& controller() { return *controller_; }

  // resetctl as `person`, without a terminal.
  Said As(const std::string& person, const std::vector<std::string>& arguments,
          const std::string& standard_input = "");
  // The same in the background.
  std::unique_ptr<Daemon> InBackground(const std::string& person,
                                       const std::vector<std::string>& arguments,
                                       const std::string& log_path);
  // reset-agent VERB of an environment, with its configuration.
  Said RunAgent(const std::string& environment, const std::vector<std::string>& arguments);

  // Values out of -o json answers: "plan.id", "run.state"; "" when absent.
  static std::string Field(const std::string& json, const std::string& path);
  // A plan by `person`; its id. Fails the test with what was said when there is none.
  std::string Plan(const std::string& person, const std::string& blueprint,
                   const std::string& environment, const std::vector<std::string>& more = {});

  // What is started from now on.
  void Use(const Programs& programs) { programs_ = programs; }

  const std::string& folder() const { return folder_; }
  const std::string& address() const { return address_; }  // of the controller
  const std::string& ca_pin() const { return ca_pin_; }
  // Everything that the programs have logged or stored, for greps: file name to bytes.
  std::map<std::string, std::string> AllFiles() const;
  std::string Key(const std::string& person) const { return folder_ + "/keys/" + person; }

 private:
  std::vector<std::string> ClientEnvironment(const std::string& person) const;
  std::vector<std::string> AgentEnvironment(const std::string& environment) const;

  Programs programs_;
  const std::string failpoints_;
  std::string folder_;
  std::string ca_pin_;
  std::string address_;
  std::unique_ptr<Daemon> controller_;
  std::map<std::string, Agent> agents_;
  std::map<std::string, std::unique_ptr<Daemon>> agent_daemons_;
};

}  // namespace resetctl::support

#endif  // RESETCTL_TESTS_E2E_STACK_H_

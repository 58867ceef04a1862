#include "agent/app/cli.h"

#include <functional>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "agent/app/check.h"
#include "agent/app/config.h"
#include "agent/app/enroll.h"
#include "agent/app/serve.h"
#include "agent/app/trust_verbs.h"
#include "agent/app/version.h"
#include "agent/app/witness_verbs.h"
#include "proto/base/log.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

int Report(const absl::Status& status) {
  if (status.ok()) return 0;
  const v1::Problem problem = contract::ProblemOf(status);
  std::cerr << "reset-agent: " << problem.message() << " [" << contract::NameOf(problem.reason())
            << "]\n";
  if (!problem.advice().empty()) std::cerr << "             " << problem.advice() << "\n";
  return static_cast<int>(contract::RowOf(problem.reason()).exit);
}

int WithConfig(const std::string& path,
               const std::function<absl::Status(const AgentConfig&)>& verb) {
  absl::StatusOr<AgentConfig> config = LoadConfig(path);
  if (!config.ok()) return Report(config.status());
  base::InitLogging("reset-agent", config->log_level);
  return Report(verb(*config));
}

absl::Status RunEnroll(const AgentConfig& config, const EnrollOptions& options) {
  absl::StatusOr<EnrollResult> result = EnrollAgent(config, options);
  if (!result.ok()) return result.status();
  if (result->kept) {
    std::cerr << "reset-agent: the token was refused; the identity that is there is still good and "
                 "stays\n";
  }
  std::cout << "enrolled as " << result->identity.environment << "/" << result->identity.target
            << ", certificate until "
            << absl::FormatTime(absl::RFC3339_sec, result->identity.not_after, absl::UTCTimeZone())
            << "\n";
  return absl::OkStatus();
}

}  // namespace

int Main(int argc, char** argv) {
  CLI::App app("The agent of resetctl: plans and runs resets of one database.", "reset-agent");
  app.require_subcommand(1);
  std::string config_path;
  const auto with_config = [&config_path](CLI::App* verb) {
    verb->add_option("--config", config_path, "agent.yaml")->required();
    return verb;
  };

  EnrollOptions enroll;
  CLI::App* enroll_verb =
      with_config(app.add_subcommand("enroll", "buy a certificate with a join token"));
  enroll_verb->add_option("--controller", enroll.controller, "HOST:PORT; default: agent.yaml's");
  enroll_verb->add_option("--ca-pin", enroll.ca_pin, "sha256:...; default: agent.yaml's");
  enroll_verb
      ->add_option("--token-file", enroll.token_file, "file with the join token, - for stdin")
      ->required();

  CLI::App* trust_verb = app.add_subcommand("trust", "the floor and the allowed signers");
  trust_verb->require_subcommand(1);
  TrustInitOptions trust_init;
  CLI::App* init_verb = with_config(
      trust_verb->add_subcommand("init", "write the trust files, from files or by asking"));
  init_verb->add_option(
      "--from", trust_init.from,
      "folder with floor.yaml and allowed_signers, or a floor file with the signers beside it");
  init_verb->add_option("--signers", trust_init.signers, "another allowed_signers file");
  CLI::App* show_verb = with_config(trust_verb->add_subcommand("show", "what the agent believes"));
  CLI::App* trust_check_verb =
      with_config(trust_verb->add_subcommand("check", "say whether the trust files are valid"));

  CLI::App* witness_verb =
      app.add_subcommand("witness", "what this agent remembers of the controller's audit log");
  witness_verb->require_subcommand(1);
  CLI::App* witness_show_verb = with_config(witness_verb->add_subcommand(
      "show", "print its key, for resetctl audit verify --witnesses, and what it remembers"));
  CLI::App* accept_verb = with_config(witness_verb->add_subcommand(
      "accept", "after an alarm: take the history that the controller shows for the right one"));
  WitnessAcceptOptions accept;
  accept_verb->add_option("--origin", accept.origin, "the log's name; default: ask");
  accept_verb->add_option("--size", accept.size, "its number of entries, as shown; default: ask");

  CLI::App* serve_verb = with_config(app.add_subcommand("serve", "serve the controller"));
  CLI::App* check_verb =
      with_config(app.add_subcommand("check", "check database, cache, identity and trust files"));
  CLI::App* version_verb = app.add_subcommand("version", "print the version");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(contract::ExitCode::kUsage);
  }
  if (version_verb->parsed()) {
    std::cout << "reset-agent " << kVersion << "\n";
    return 0;
  }
  if (enroll_verb->parsed()) {
    return WithConfig(config_path, [&](const AgentConfig& c) { return RunEnroll(c, enroll); });
  }
  if (init_verb->parsed()) {
    return WithConfig(config_path, [&](const AgentConfig& c) {
      return InitTrust(c, trust_init, std::cin, std::cout);
    });
  }
  if (show_verb->parsed() || trust_check_verb->parsed()) {
    return WithConfig(config_path, [](const AgentConfig& c) { return ShowTrust(c, std::cout); });
  }
  if (witness_show_verb->parsed()) {
    return WithConfig(config_path, [](const AgentConfig& c) { return ShowWitness(c, std::cout); });
  }
  if (accept_verb->parsed()) {
    return WithConfig(config_path, [&](const AgentConfig& c) {
      return AcceptHistory(c, accept, std::cin, std::cout);
    });
  }
  if (serve_verb->parsed()) return WithConfig(config_path, Serve);
  if (check_verb->parsed()) {
    return WithConfig(config_path, [](const AgentConfig& c) { return CheckAgent(c, std::cout); });
  }
  return static_cast<int>(contract::ExitCode::kUsage);
}

}  // namespace resetctl::agent

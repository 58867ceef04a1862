#include "controller/app/cli.h"

#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "controller/app/init.h"
#include "controller/app/log_keys.h"
#include "controller/app/serve.h"
#include "controller/app/version.h"
#include "proto/base/clock.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

int Report(const absl::Status& status) {
  if (status.ok()) return 0;
  const v1::Problem problem = contract::ProblemOf(status);
  std::cerr << "reset-controller: " << problem.message() << "\n";
  if (!problem.advice().empty()) std::cerr << "                  " << problem.advice() << "\n";
  return static_cast<int>(contract::RowOf(problem.reason()).exit);
}

int RunInit(const InitOptions& options) {
  const absl::StatusOr<InitResult> result = Init(options, base::RealClock().Now());
  if (!result.ok()) return Report(result.status());
  for (const std::string& file : result->files) std::cout << "made     " << file << "\n";
  std::cout << "ca-pin   " << result->ca_pin << "\n"
            << "log-key  " << result->log_verifier << "\n\n"
            << "Look through policy.yaml, then:\n"
            << "  reset-controller serve --config " << options.folder << "/controller.yaml\n";
  return 0;
}

int RunChangeLogKey(const std::string& config_path) {
  const absl::StatusOr<ChangedLogKey> changed = ChangeLogKey(config_path, base::RealClock().Now());
  if (!changed.ok()) return Report(changed.status());
  std::cout
      << "old key  " << changed->old_verifier << "\n"
      << "new key  " << changed->new_verifier << "\n\n"
      << "Both sign from now on. Start the controller again, and give everybody who verifies the\n"
      << "log the new line, which is in " << changed->public_file << ". Then remove\n"
      << changed->old_key_file << " and restart: only the new one signs.\n";
  return 0;
}

}  // namespace

int Main(int argc, char** argv) {
  CLI::App app("The controller of resetctl: policy, approvals, audit log.", "reset-controller");
  app.require_subcommand(1);

  InitOptions init;
  CLI::App* init_verb = app.add_subcommand("init", "make CA, certificates, log key, sample files");
  init_verb->add_option("--dir", init.folder, "a new or empty folder")->required();
  init_verb->add_option("--name", init.name, "the controller's name");
  init_verb->add_option("--person", init.person,
                        "NAME=KEYFILE: the policy's first person and admin, by SSH public key");
  init_verb->add_option("--host", init.hosts, "a name or address that clients will use");

  ServeOptions serve;
  CLI::App* serve_verb = app.add_subcommand("serve", "serve clients and agents");
  serve_verb->add_option("--config", serve.config_path, "controller.yaml")->required();
  serve_verb->add_option("--listen-file", serve.listen_file,
                         "write the bound address there; default: state_dir/address");

  std::string check_path;
  CLI::App* check_verb = app.add_subcommand("check", "check configuration, keys and policy");
  check_verb->add_option("--config", check_path, "controller.yaml")->required();

  std::string rotate_path;
  CLI::App* rotate_verb = app.add_subcommand(
      "rotate-log-key", "make a new key for the audit log, while the controller is stopped");
  rotate_verb->add_option("--config", rotate_path, "controller.yaml")->required();

  CLI::App* version_verb = app.add_subcommand("version", "print the version");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(contract::ExitCode::kUsage);
  }
  if (init_verb->parsed()) return RunInit(init);
  if (serve_verb->parsed()) return Report(Serve(serve));
  if (check_verb->parsed()) {
    const absl::StatusOr<std::string> facts = Check(check_path);
    if (!facts.ok()) return Report(facts.status());
    std::cout << *facts;
    return 0;
  }
  if (rotate_verb->parsed()) return RunChangeLogKey(rotate_path);
  if (version_verb->parsed()) std::cout << "reset-controller " << kVersion << "\n";
  return 0;
}

}  // namespace resetctl::controller

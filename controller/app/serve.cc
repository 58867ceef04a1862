#include "controller/app/serve.h"

#include <memory>
#include <signal.h>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/app/config.h"
#include "controller/app/controller.h"
#include "controller/app/materials.h"
#include "controller/app/version.h"
#include "proto/base/clock.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/stop_within.h"
#include "proto/contract/environment_rules.h"

namespace resetctl::controller {
namespace {

// Taken by sigwait in Serve, so no thread that is made later may get them.
sigset_t BlockSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void Reload(const Config& config, Controller& controller) {
  absl::StatusOr<Policy> policy = LoadPolicy(config.policy);
  if (!policy.ok()) {
    base::Log(base::LogLevel::kError, "the policy stays as it was",
              {{"error", policy.status().message()}});
    return;
  }
  const std::string digest = policy->digest;
  controller.SetPolicy(*std::move(policy));
  base::Log(base::LogLevel::kInfo, "policy loaded", {{"digest", digest}});
}

}  // namespace

absl::Status Serve(const ServeOptions& options) {
  const sigset_t signals = BlockSignals();
  absl::StatusOr<Config> config = LoadConfig(options.config_path);
  if (!config.ok()) return config.status();
  base::InitLogging("reset-controller", config->log_level);
  absl::StatusOr<Materials> materials = LoadMaterials(*config);
  if (!materials.ok()) return materials.status();
  const absl::StatusOr<bool> renewed =
      RenewServerCertificate(*config, base::RealClock().Now(), &*materials);
  if (!renewed.ok()) {
    // The old one is good for as long as it is.
    base::Log(base::LogLevel::kError, "the server's certificate was not renewed",
              {{"error", renewed.status().message()}});
  } else if (*renewed) {
    base::Log(base::LogLevel::kInfo, "the server's certificate was renewed");
  }
  absl::StatusOr<std::unique_ptr<Controller>> controller =
      Controller::Start(*config, *std::move(materials), base::RealClock());
  if (!controller.ok()) return controller.status();

  const std::string address_file = options.listen_file.empty()
                                       ? absl::StrCat(config->state_dir, "/address")
                                       : options.listen_file;
  absl::Status written =
      base::WriteFileDurably(address_file, absl::StrCat((*controller)->address(), "\n"), 0644);
  if (!written.ok()) return written;
  base::Log(base::LogLevel::kInfo, "serving",
            {{"address", (*controller)->address()},
             {"ca_pin", (*controller)->ca_pin()},
             {"version", kVersion}});
  while (true) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (number == SIGHUP) {
      Reload(*config, **controller);
      continue;
    }
    base::Log(base::LogLevel::kInfo, "stopping");
    // Calls in progress have their time, and then those that were cut off have as much to notice it.
    const absl::Duration limit = 2 * config->drain_timeout;
    sigset_t stops = signals;
    sigdelset(&stops, SIGHUP);  // a policy that changed now is read by the next process
    if (!base::StopWithin([&controller] { (*controller)->Drain(); }, limit, stops)) {
      // What is stored is stored; a call that hangs was not answered, and says so to its caller.
      base::Log(base::LogLevel::kWarning, "stopped before all calls had ended");
      _exit(0);
    }
    base::Log(base::LogLevel::kInfo, "stopped");
    return absl::OkStatus();
  }
}

absl::StatusOr<std::string> Check(const std::string& config_path) {
  absl::StatusOr<Config> config = LoadConfig(config_path);
  if (!config.ok()) return config.status();
  absl::StatusOr<Materials> materials = LoadMaterials(*config);
  if (!materials.ok()) return materials.status();
  std::string facts =
      absl::StrCat("listen   ", config->listen, "\nca-pin   ", materials->ca_pin, "\npolicy   ",
                   materials->policy.digest, "\npeople   ", materials->policy.people.size(), "\n");
  for (const auto& [name, rules] : materials->policy.environments) {
    absl::StrAppend(&facts, "serves   ", name, ": ", contract::Summarize(rules), "\n");
  }
  for (const Sink& sink : materials->sinks) absl::StrAppend(&facts, "notifies ", sink.name, "\n");
  return facts;
}

}  // namespace resetctl::controller

#include "agent/app/serve.h"

#include <memory>
#include <signal.h>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/app/enroll.h"
#include "agent/app/version.h"
#include "agent/app/workbench.h"
#include "agent/hooks/hook_runner.h"
#include "agent/journal/journal.h"
#include "agent/link/link.h"
#include "agent/postgres/postgres_target.h"
#include "agent/redis/redis_cache.h"
#include "proto/base/clock.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/stop_within.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

constexpr absl::Duration kLedgerRetry = absl::Seconds(2);
// After a drain, for the controller to acknowledge what was said.
constexpr absl::Duration kFlushTime = absl::Seconds(5);

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

HookSettings HookSettingsOf(const AgentConfig& config, const Identity& identity) {
  HookSettings settings;
  settings.environment = identity.environment;
  settings.target = identity.target;
  settings.http_origins = config.http_origins;
  settings.commands = config.commands;
  settings.child_environment = config.command_environment;
  settings.path = config.command_path;
  return settings;
}

Scrubber MakeScrubber(const AgentConfig& config) {
  Scrubber scrubber;
  scrubber.AddUrl(config.database_url);
  if (!config.redis_url.empty()) scrubber.AddUrl(config.redis_url);
  for (const auto& [name, value] : config.command_environment) scrubber.Add(base::Secret(value));
  return scrubber;
}

}  // namespace

absl::Status Serve(const AgentConfig& config) {
  // Every thread made from here on inherits the mask: only sigwait sees the signals.
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  absl::Status status = RequireDatabaseUrl(config);
  if (!status.ok()) return status;
  status = CheckStateDir(config.state_dir);
  if (!status.ok()) return status;
  absl::StatusOr<Identity> identity = LoadValidIdentity(config.state_dir, kRenewalGrace);
  if (!identity.ok()) return identity.status();
  const TrustStore trust(config.trust_dir, config.accept_same_owner, geteuid());
  absl::StatusOr<Trust> believed = trust.Load();
  if (!believed.ok()) return believed.status();
  absl::StatusOr<LocalKey> key = LocalKey::LoadOrMake(config.state_dir);
  if (!key.ok()) return key.status();
  absl::StatusOr<std::unique_ptr<Journal>> journal = Journal::Open(config.state_dir);
  if (!journal.ok()) return journal.status();

  PlanStore plans(config.state_dir);
  CommitMemory commits(config.state_dir);
  absl::StatusOr<std::unique_ptr<Witness>> witness =
      Witness::Open(config.state_dir, identity->environment, identity->target, base::RealClock());
  if (!witness.ok()) return witness.status();
  PostgresTarget database({config.database_url, config.record_schema}, identity->environment,
                          identity->target, config.counting);
  RedisCache cache(config.redis_url, identity->environment, identity->target);
  RealHookRunner hooks(HookSettingsOf(config, *identity));
  const AgentParts parts{{identity->environment, identity->target},
                         base::RealClock(),
                         trust,
                         *key,
                         plans,
                         commits,
                         **witness,
                         database,
                         cache,
                         hooks,
                         config.parameters,
                         ProcessEnvironment(),
                         MakeScrubber(config)};
  RunBook book(**journal, parts.clock, (*witness)->key());
  status = book.Load();
  if (!status.ok()) return status;
  Workbench workbench(parts, book, kLedgerRetry, config.state_dir);
  Link link({config.controller, config.state_dir, config.reconnect_min, config.reconnect_max},
            *identity, workbench, book, parts.clock);
  base::Log(base::LogLevel::kInfo, "agent started",
            {{"version", kVersion},
             {"environment", identity->environment},
             {"target", identity->target},
             {"controller", config.controller},
             {"floor", believed->floor.summary}});
  workbench.Start([&link](v1::AttachRequest message) { link.Reply(std::move(message)); });
  link.Start();

  int received = 0;
  sigwait(&signals, &received);
  base::Log(base::LogLevel::kInfo, "stopping", {{"active run", workbench.ActiveRun()}});
  workbench.Drain();
  link.TellDraining();
  if (!base::StopWithin([&workbench] { workbench.Stop(); }, config.drain_timeout, signals)) {
    // Journal, claim and ledger say to the next process what has become of it, as after a crash.
    base::Log(base::LogLevel::kWarning, "stopped before all had ended; the next start settles it",
              {{"run", workbench.ActiveRun()}});
    _exit(0);
  }
  // What was said last is on its way; whatever is not acknowledged is said again by the next process.
  const absl::Duration until = parts.clock.Steady() + kFlushTime;
  timespec tick{0, 50'000'000};
  while (link.attached() && book.Waiting(UINT64_MAX) > 0 && parts.clock.Steady() < until) {
    if (sigtimedwait(&signals, nullptr, &tick) > 0) break;  // asked twice
  }
  link.Stop();
  base::Log(base::LogLevel::kInfo, "stopped");
  return absl::OkStatus();
}

}  // namespace resetctl::agent

#ifndef RESETCTL_AGENT_HOOKS_HOOK_RUNNER_H_
#define RESETCTL_AGENT_HOOKS_HOOK_RUNNER_H_

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "agent/service/ports.h"
#include "proto/base/mutex.h"

namespace resetctl::agent {

// What agent.yaml allows hooks to do.
struct HookSettings {
  std::string environment;  // of the agent, for RESETCTL_ENVIRONMENT and railway
  std::string target;
  std::vector<std::string>
      http_origins;  // 'https://api.example.com', 'http://127.0.0.1:8080': scheme, host, port
  std::vector<std::vector<std::string>>
      commands;  // whole argument lists, compared argument by argument
  std::vector<std::pair<std::string, std::string>>
      child_environment;  // all that a command sees besides PATH and ours
  std::string path =
      "/usr/local/bin:/usr/bin:/bin";  // where commands and the railway CLI are looked up
};

// 'https://api.example.com:443' -> scheme://host:port in one spelling; empty when malformed or not
// http(s), or when it holds a user name or password.
std::string OriginOf(absl::string_view url);

// The real hooks: libcurl, subprocesses without a shell, the Railway CLI. A cancel ends a request that is under way and the
// pause before the next try, and there is no next try.
class RealHookRunner : public HookRunner {
 public:
  explicit RealHookRunner(HookSettings settings) : settings_(std::move(settings)) {}

  v1::HookStep Describe(const contract::HookSpec& hook, const ResolvedParameters& parameters,
                        std::vector<v1::Problem>* problems,
                        std::vector<v1::Problem>* warnings) override;
  HookOutcome Run(const contract::HookSpec& hook, const contract::Action& action,
                  const ResolvedParameters& parameters) override;
  void Cancel() override;

 private:
  // False as soon as somebody cancels, at once when somebody has.
  bool Pause(absl::Duration pause);

  const HookSettings settings_;

  // Set from another thread, cleared by the next Run. Written under the mutex, so that no pause misses it; libcurl's
  // callback reads it without.
  std::atomic<bool> cancelled_ = false;
  base::Mutex mutex_;
  base::CondVar cancel_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_HOOKS_HOOK_RUNNER_H_

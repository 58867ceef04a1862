#ifndef RESETCTL_AGENT_POSTGRES_BLOCKERS_H_
#define RESETCTL_AGENT_POSTGRES_BLOCKERS_H_

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "agent/postgres/session.h"
#include "proto/base/mutex.h"
#include "proto/base/secret.h"
#include "proto/contract/environment_rules.h"

namespace resetctl::agent {

// Looks, from a session of its own, at who keeps `pid` waiting, and does what the rules allow about it. Who blocks can be
// seen only while we wait: hence a thread beside the LOCK statement. It connects when the wait has lasted a moment.
class BlockerWatch {
 public:
  BlockerWatch(const base::Secret& url, int pid, contract::BlockerAction action);
  ~BlockerWatch();
  BlockerWatch(const BlockerWatch&) = delete;
  BlockerWatch& operator=(const BlockerWatch&) = delete;

  // Ends the watch. Who was seen last: 'pid 812, user app, application backend (idle in transaction for 65 s)'.
  std::vector<std::string> Stop();
  // What was ended, one line each. After Stop().
  const std::vector<std::string>& ended() const { return ended_; }
  // Some of their facts are hidden from our role. After Stop().
  bool facts_hidden() const { return facts_hidden_; }

 private:
  void Watch();
  void Look(Session& session);
  void End(Session& session, int pid, const std::string& who);

  const base::Secret url_;
  const int pid_;
  const contract::BlockerAction action_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  // Of the thread while it runs, of the owner after Stop().
  std::vector<std::string> seen_;
  std::vector<std::string> ended_;
  bool facts_hidden_ = false;
  std::thread thread_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_POSTGRES_BLOCKERS_H_

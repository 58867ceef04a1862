#ifndef RESETCTL_CONTROLLER_SERVICE_AGENT_HUB_H_
#define RESETCTL_CONTROLLER_SERVICE_AGENT_HUB_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "controller/service/requester.h"
#include "proto/base/clock.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::controller {

// One agent's stream, as services see it. Thread-safe; neither call blocks. After Close, or once the stream has ended by
// itself, both do nothing.
class AgentChannel {
 public:
  virtual ~AgentChannel() = default;
  virtual void Send(v1::AttachResponse message) = 0;
  // Sends what is queued, then ends the stream. The first reason wins.
  virtual void Close(const absl::Status& reason) = 0;
};

// Who is attached now. Holds no lock while it calls a channel. Thread-safe.
class AgentHub {
 public:
  using Key = std::pair<std::string, std::string>;  // environment, target

  struct Presence {
    bool online = false;
    std::optional<absl::Time> heard;  // since this program started
    absl::Duration heard_steady;      // the same moment by the steady clock
    std::string active_run_id;
    bool draining = false;  // it has said that it is about to stop
    uint64_t session = 0;
    // When, by the steady clock, two programs took turns with the identity last (TRUST §4).
    std::optional<absl::Duration> turns;

    bool TakesTurns(absl::Duration steady) const {
      return turns && steady - *turns < absl::Minutes(10);
    }
  };

  struct Attached {
    uint64_t session = 0;
    bool takes_turns = false;
  };
  // The newest wins: an earlier stream of the same identity is closed. `instance` is the hello's. One that comes back after another
  // one was there takes turns with it: a program that is replaced never comes back, and one that reconnects is the same one.
  Attached Attach(const AgentIdentity& who, const std::string& instance,
                  std::shared_ptr<AgentChannel> channel, const base::Moment& now);
  // False when this session is not the present one.
  bool Detach(const AgentIdentity& who, uint64_t session);
  bool IsCurrent(const AgentIdentity& who, uint64_t session) const;

  // Any message proves life; a heartbeat says more.
  void Heard(const AgentIdentity& who, uint64_t session, const base::Moment& now,
             const v1::AgentHeartbeat* heartbeat = nullptr);

  // False when no agent is attached: nothing was sent.
  bool Send(const Key& key, v1::AttachResponse message);
  // False when no agent is attached.
  bool Close(const Key& key, const absl::Status& reason);
  // Tells every agent and ends its stream; also of those that attach from now on.
  void Drain(const absl::Status& reason);

  Presence Find(const Key& key) const;
  bool IsOnline(const Key& key) const { return Find(key).online; }

 private:
  struct Entry {
    std::shared_ptr<AgentChannel> channel;  // null: not attached
    Presence presence;
    std::deque<std::string> instances;  // that were attached, each once, the newest last
  };
  static bool TakesTurns(const std::string& instance, Entry& entry);
  std::shared_ptr<AgentChannel> ChannelOf(const Key& key) const;

  mutable base::Mutex mutex_;
  std::map<Key, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> draining_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_session_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_AGENT_HUB_H_

#include "controller/service/agent_hub.h"

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

void SayGoodbye(AgentChannel& channel, const absl::Status& reason) {
  v1::AttachResponse message;
  message.mutable_drain();
  channel.Send(std::move(message));
  channel.Close(reason);
}

}  // namespace

AgentHub::Attached AgentHub::Attach(const AgentIdentity& who, std::shared_ptr<AgentChannel> channel,
                                    const base::Moment& now) {
  std::shared_ptr<AgentChannel> old;
  std::optional<absl::Status> draining;
  const std::shared_ptr<AgentChannel> fresh = channel;
  Attached attached;
  {
    base::MutexLock lock(mutex_);
    Entry& entry = entries_[{who.environment, who.target}];
    old = std::move(entry.channel);
    attached.session = next_session_++;
    attached.displaced = old != nullptr;
    draining = draining_;
    entry.channel = std::move(channel);
    entry.presence = Presence{true, now.wall, now.steady, "", false, attached.session};
  }
  if (old != nullptr) {
    old->Close(absl::AbortedError(
        absl::StrCat("another agent attached as ", who.Name(), "; the newest stays")));
  }
  if (draining) SayGoodbye(*fresh, *draining);
  return attached;
}

bool AgentHub::Detach(const AgentIdentity& who, uint64_t session) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find({who.environment, who.target});
  if (found == entries_.end() || found->second.presence.session != session ||
      !found->second.presence.online) {
    return false;
  }
  found->second.channel = nullptr;
  found->second.presence.online = false;
  found->second.presence.active_run_id.clear();
  return true;
}

bool AgentHub::IsCurrent(const AgentIdentity& who, uint64_t session) const {
  const Presence presence = Find({who.environment, who.target});
  return presence.online && presence.session == session;
}

void AgentHub::Heard(const AgentIdentity& who, uint64_t session, const base::Moment& now,
                     const v1::AgentHeartbeat* heartbeat) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find({who.environment, who.target});
  if (found == entries_.end() || found->second.presence.session != session) return;
  found->second.presence.heard = now.wall;
  found->second.presence.heard_steady = now.steady;
  if (heartbeat == nullptr) return;
  found->second.presence.active_run_id = heartbeat->active_run_id();
  found->second.presence.draining = heartbeat->draining();
}

std::shared_ptr<AgentChannel> AgentHub::ChannelOf(const Key& key) const {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second.channel;
}

bool AgentHub::Send(const Key& key, v1::AttachResponse message) {
  const std::shared_ptr<AgentChannel> channel = ChannelOf(key);
  if (channel == nullptr) return false;
  channel->Send(std::move(message));
  return true;
}

bool AgentHub::Close(const Key& key, const absl::Status& reason) {
  const std::shared_ptr<AgentChannel> channel = ChannelOf(key);
  if (channel == nullptr) return false;
  channel->Close(reason);
  return true;
}

void AgentHub::Drain(const absl::Status& reason) {
  std::vector<std::shared_ptr<AgentChannel>> channels;
  {
    base::MutexLock lock(mutex_);
    draining_ = reason;
    for (const auto& [key, entry] : entries_) {
      if (entry.channel != nullptr) channels.push_back(entry.channel);
    }
  }
  for (const auto& channel : channels) SayGoodbye(*channel, reason);
}

AgentHub::Presence AgentHub::Find(const Key& key) const {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? Presence() : found->second.presence;
}

}  // namespace resetctl::controller

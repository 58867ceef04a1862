#include "controller/service/agent_hub.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr size_t kMostInstances = 16;  // that are remembered of one identity

void SayGoodbye(AgentChannel& channel, const absl::Status& reason) {
  v1::AttachResponse message;
  message.mutable_drain();
  channel.Send(std::move(message));
  channel.Close(reason);
}

}  // namespace

bool AgentHub::TakesTurns(const std::string& instance, Entry& entry) {
  if (instance.empty()) return false;
  std::deque<std::string>& known = entry.instances;
  if (!known.empty() && known.back() == instance) return false;
  const auto before = std::find(known.begin(), known.end(), instance);
  const bool again = before != known.end();
  if (again) known.erase(before);
  known.push_back(instance);
  if (known.size() > kMostInstances) known.pop_front();
  return again;
}

AgentHub::Attached AgentHub::Attach(const AgentIdentity& who, const std::string& instance,
                                    std::shared_ptr<AgentChannel> channel,
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
    attached.takes_turns = TakesTurns(instance, entry);
    draining = draining_;
    entry.channel = std::move(channel);
    const std::optional<absl::Duration> turns =
        attached.takes_turns ? now.steady : entry.presence.turns;
    entry.presence = {true, now.wall, now.steady, "", false, attached.session, turns};
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

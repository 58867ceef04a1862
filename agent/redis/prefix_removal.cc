#include "agent/redis/prefix_removal.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "agent/redis/cluster_topology.h"
#include "agent/redis/redis_scan.h"

namespace resetctl::agent {
namespace {

// Tells `progress` of each further percent, and no more often: it is written to the agent's journal.
class Percents {
 public:
  Percents(int64_t total, const std::function<void(int64_t, int64_t)>& progress)
      : total_(total), progress_(progress) {}

  void Add(int64_t keys) {
    done_ = std::min(done_ + keys, total_);
    const int64_t percent = total_ == 0 ? 0 : done_ * 100 / total_;
    if (percent == told_) return;
    told_ = percent;
    if (progress_) progress_(done_, total_);
  }

 private:
  const int64_t total_;
  const std::function<void(int64_t, int64_t)>& progress_;
  int64_t done_ = 0;
  int64_t told_ = 0;
};

// A cluster takes several keys in one command only if they share a slot (CROSSSLOT otherwise). The number of commands queued.
int QueueUnlinks(RedisConnection& redis, const std::vector<absl::string_view>& keys, bool cluster) {
  if (keys.empty()) return 0;
  std::vector<std::pair<int, absl::string_view>> by_slot;
  by_slot.reserve(keys.size());
  for (const absl::string_view key : keys) by_slot.emplace_back(cluster ? KeySlot(key) : 0, key);
  if (cluster) std::sort(by_slot.begin(), by_slot.end());
  int commands = 0;
  std::vector<absl::string_view> command;
  command.reserve(keys.size() + 1);
  for (auto next = by_slot.begin(); next != by_slot.end();) {
    command.assign({"UNLINK"});
    for (const int slot = next->first; next != by_slot.end() && next->first == slot; ++next) {
      command.push_back(next->second);
    }
    redis.Queue(command);
    ++commands;
  }
  return commands;
}

absl::Status CollectUnlinks(RedisConnection& redis, int commands, int64_t* removed) {
  for (; commands > 0; --commands) {
    absl::StatusOr<RedisReply> unlinked = redis.Collect("UNLINK");
    if (!unlinked.ok()) return unlinked.status();
    *removed += unlinked->number;
  }
  return absl::OkStatus();
}

absl::Status RemoveFrom(RedisConnection& redis, const KeyPrefixes& prefixes, bool cluster,
                        Percents* percents, int64_t* removed) {
  const ScanFilter filter{prefixes.Glob(), ""};
  QueueScan(redis, "0", filter);
  int unanswered = 0;
  for (bool last = false; !last;) {
    absl::StatusOr<ScanPage> page = CollectScan(redis);
    if (!page.ok()) return page.status();
    last = page->cursor == "0";
    if (!last) {
      QueueScan(redis, page->cursor, filter);
      if (absl::Status sent = redis.Send(); !sent.ok()) return sent;
    }
    if (absl::Status done = CollectUnlinks(redis, unanswered, removed); !done.ok()) return done;
    std::vector<absl::string_view> keys = std::move(page->keys);
    keys.erase(std::remove_if(keys.begin(), keys.end(),
                              [&](absl::string_view key) { return prefixes.Match(key) < 0; }),
               keys.end());
    unanswered = QueueUnlinks(redis, keys, cluster);
    if (absl::Status sent = redis.Send(); !sent.ok()) return sent;
    percents->Add(kScanCount);
  }
  return CollectUnlinks(redis, unanswered, removed);
}

}  // namespace

absl::Status RemovePrefixes(RedisMasters& masters, const KeyPrefixes& prefixes,
                            const std::function<void(int64_t done, int64_t total)>& progress,
                            int64_t* removed) {
  Percents percents(masters.KeysInDb(), progress);
  for (const RedisMasters::Master& master : masters.all()) {
    absl::Status status =
        RemoveFrom(*master.redis, prefixes, masters.cluster(), &percents, removed);
    if (!status.ok()) return status;
  }
  return masters.CheckNothingMoved();
}

}  // namespace resetctl::agent

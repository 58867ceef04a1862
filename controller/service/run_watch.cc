#include "controller/service/run_watch.h"

#include <utility>
#include <vector>

namespace resetctl::controller {
namespace {

constexpr int kPage = 200;

// What makes a run worth telling again; last_seq and the agent's heartbeats do not.
std::string Essence(v1::Run run) {
  run.clear_last_seq();
  run.clear_agent_seen_time();
  return run.SerializeAsString();
}

}  // namespace

RunWatch::RunWatch(Desk& desk, RunFlow& flow, const Requester& who, const RunRecord& run,
                   uint64_t after_seq, std::function<void()> wake)
    : desk_(desk),
      flow_(flow),
      run_id_(run.id),
      starter_(run.runner == who.caller.person),
      cursor_(after_seq) {
  subscription_ = desk_.watchers.Add(run_id_, std::move(wake));
  if (starter_) flow_.StarterCame(run_id_);
}

RunWatch::~RunWatch() {
  desk_.watchers.Remove(run_id_, subscription_);
  if (starter_) flow_.StarterLeft(run_id_);
}

absl::StatusOr<std::optional<v1::WatchRunResponse>> RunWatch::Next() {
  using Message = std::optional<v1::WatchRunResponse>;
  if (ended_) return Message();
  v1::WatchRunResponse message;
  if (events_.empty()) {
    // The run first: whatever events it had when it ended are then certainly among those read after it.
    absl::StatusOr<RunRecord> record = desk_.runs.GetRun(run_id_);
    if (!record.ok()) return record.status();
    const v1::Run run = ShowRun(desk_, *record);
    const bool first = shown_.empty();
    if (!first) {
      absl::StatusOr<std::vector<v1::RunEvent>> events =
          desk_.runs.ListEvents(run_id_, cursor_, kPage);
      if (!events.ok()) return events.status();
      for (v1::RunEvent& event : *events) events_.push_back(std::move(event));
    }
    if (events_.empty()) {
      const bool last = !first && HasEndedForNow(record->state);
      std::string essence = Essence(run);
      if (!last && essence == shown_) return Message();
      shown_ = std::move(essence);
      ended_ = last;
      *message.mutable_run() = run;
      return Message(std::move(message));
    }
  }
  cursor_ = events_.front().seq();
  *message.mutable_event() = std::move(events_.front());
  events_.pop_front();
  return Message(std::move(message));
}

}  // namespace resetctl::controller

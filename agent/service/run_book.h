#ifndef RESETCTL_AGENT_SERVICE_RUN_BOOK_H_
#define RESETCTL_AGENT_SERVICE_RUN_BOOK_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "agent/journal/journal.h"
#include "agent/service/ports.h"
#include "agent/service/run_facts.h"
#include "agent/service/witness_files.h"
#include "proto/base/clock.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::agent {

// The open runs of this agent: each one's journal, and what the controller has not acknowledged of it. Whatever is said here is
// in the journal first, so that a crash or a lost link loses nothing. Thread-safe; no lock is held while calling out.
class RunBook {
 public:
  // An agent works on one run at a time; the others wait to be acknowledged.
  static constexpr size_t kMostOpen = 32;

  // `key` signs what is said of runs (contract/agent_word.h).
  RunBook(Journal& journal, const base::Clock& clock, WitnessKey key)
      : journal_(journal), clock_(clock), key_(std::move(key)) {}

  // Opens the journals of all runs that the controller has not acknowledged. Their events and ends wait to be sent.
  absl::Status Load() ABSL_LOCKS_EXCLUDED(mutex_);
  // Called, from any thread, whenever there is something new to send.
  void SetListener(std::function<void()> listener) ABSL_LOCKS_EXCLUDED(mutex_);

  // ---- for the run's own thread

  // A journal for `run_id`, made where it is missing, or taken back from the closed ones. RATE_LIMITED when too many are open: whoever
  // makes up run ids fills neither memory nor disk.
  absl::Status Open(absl::string_view run_id) ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsOpen(absl::string_view run_id) const ABSL_LOCKS_EXCLUDED(mutex_);
  // NOT_FOUND when this agent never heard of it, or its journal was removed as too old.
  absl::Status Reopen(absl::string_view run_id) ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<std::string> OpenRuns() const ABSL_LOCKS_EXCLUDED(mutex_);
  RunFacts Facts(absl::string_view run_id) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Durable when it returns.
  absl::Status Record(absl::string_view run_id, const v1::JournalRecord& record)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Puts a run away again whose end is acknowledged (it was reopened only to be looked at).
  void PutAway(absl::string_view run_id) ABSL_LOCKS_EXCLUDED(mutex_) { CloseIfSettled(run_id); }
  // Numbers, journals and queues an event. One that cannot be journaled is left out, for its number could be given again after a
  // crash; what a run comes to does not rest on events.
  void Say(absl::string_view run_id, const StepNote& note) ABSL_LOCKS_EXCLUDED(mutex_);
  // Journals an end durably (the others are found out again after a crash) and queues the report. Fills `last_seq`. An end that cannot
  // be journaled now is said all the same, and written by a later CatchUp(); until then its run stays open.
  void Report(v1::RunReport report) ABSL_LOCKS_EXCLUDED(mutex_);

  // Writes the ends that could not be journaled when they were said. Cheap when there are none.
  void CatchUp() ABSL_LOCKS_EXCLUDED(mutex_);

  // ---- for the link

  // What a hello tells: each open run whose state is known.
  std::vector<v1::RunReport> HelloReports() const ABSL_LOCKS_EXCLUDED(mutex_);

  struct Item {
    uint64_t position = 0;  // grows; never used again in this process
    v1::AttachRequest message;
  };
  // Events and reports after `position` that are not acknowledged, oldest first.
  // Durable when it returns, one sync for all: after a power failure the next process must not give a number that the
  // controller has stored to another event.
  std::vector<Item> After(uint64_t position, size_t most) const ABSL_LOCKS_EXCLUDED(mutex_);
  // How many up to `position` wait for their acknowledgement.
  size_t Waiting(uint64_t position) const ABSL_LOCKS_EXCLUDED(mutex_);
  void AcknowledgeEvents(absl::string_view run_id, uint64_t seq) ABSL_LOCKS_EXCLUDED(mutex_);
  void AcknowledgeReport(absl::string_view run_id, v1::RunState state) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct OpenRun {
    std::shared_ptr<RunJournal> journal;
    contract::WordChain chain;                      // of the events
    v1::RunState said = v1::RUN_STATE_UNSPECIFIED;  // the newest report
    bool end_acknowledged = false;                  // and `said` is that end
    std::optional<v1::RunReport> unwritten_end;     // said, and not in the journal
    int events_left_out = 0;                        // since the journal could be written last
  };

  std::shared_ptr<RunJournal> JournalOf(absl::string_view run_id) const ABSL_LOCKS_EXCLUDED(mutex_);
  void Queue(v1::AttachRequest message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Adopt(const std::string& run_id, std::unique_ptr<RunJournal> journal)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void CloseIfSettled(absl::string_view run_id) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status WriteEnd(const std::string& run_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(say_mutex_)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void LeaveOut(OpenRun* run, const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Notify() ABSL_LOCKS_EXCLUDED(mutex_);

  Journal& journal_;
  const base::Clock& clock_;
  const WitnessKey key_;

  base::Mutex
      say_mutex_;  // held from numbering to queueing, and while journals are opened and closed; before mutex_
  mutable base::Mutex mutex_;
  std::map<std::string, OpenRun> runs_ ABSL_GUARDED_BY(mutex_);
  std::deque<Item> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_position_ ABSL_GUARDED_BY(mutex_) = 1;
  std::function<void()> listener_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_RUN_BOOK_H_

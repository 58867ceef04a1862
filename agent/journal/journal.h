#ifndef RESETCTL_AGENT_JOURNAL_JOURNAL_H_
#define RESETCTL_AGENT_JOURNAL_JOURNAL_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/base/mutex.h"
#include "resetctl/v1/journal.pb.h"

namespace resetctl::agent {

// The journal of one run: an append-only file of framed records (length, CRC-32, bytes), durable
// before every irreversible act. A torn last record is cut off at opening; a broken one in the
// middle is an error, never skipped.
class RunJournal {
 public:
  ~RunJournal();
  RunJournal(const RunJournal&) = delete;
  RunJournal& operator=(const RunJournal&) = delete;

  // With `durable` the record is on disk (fdatasync) when this returns, and all earlier ones with
  // it. Thread-safe.
  absl::Status Append(const v1::JournalRecord& record, bool durable) ABSL_LOCKS_EXCLUDED(mutex_);

  // Everything that was appended is on disk when this returns. Costs nothing when it is already. Thread-safe.
  absl::Status Sync() ABSL_LOCKS_EXCLUDED(mutex_);

  // Everything in the file, oldest first, this process's records included. A copy.
  std::vector<v1::JournalRecord> Records() const ABSL_LOCKS_EXCLUDED(mutex_);
  const std::string& run_id() const { return run_id_; }

 private:
  friend class Journal;
  RunJournal(std::string run_id, int fd, std::vector<v1::JournalRecord> records);

  const std::string run_id_;
  const int fd_;
  mutable base::Mutex mutex_;
  std::vector<v1::JournalRecord> records_ ABSL_GUARDED_BY(mutex_);
  bool synced_ ABSL_GUARDED_BY(mutex_) = false;  // what a dead process left may not be
};

// The journals of all runs, below `<state_dir>/runs/`. Holds an exclusive lock on the state
// directory for as long as it lives: a second agent on the same directory is refused
// (FAILED_PRECONDITION).
class Journal {
 public:
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& state_dir);
  ~Journal();

  // Opens or makes the run's journal. DATA_LOSS when a record other than the last is broken.
  absl::StatusOr<std::unique_ptr<RunJournal>> OpenRun(absl::string_view run_id);
  // Runs whose end the controller has not acknowledged (no `Close` yet), oldest first.
  absl::StatusOr<std::vector<std::string>> OpenRuns() const;
  // The run is over and acknowledged: moved aside (`runs/done/`), where the newest 200 stay.
  absl::Status Close(absl::string_view run_id);
  // A run that was closed comes back, for `resume`. NOT_FOUND when it is not there any more.
  absl::StatusOr<std::unique_ptr<RunJournal>> Reopen(absl::string_view run_id);

 private:
  Journal(std::string state_dir, int lock_fd);
  std::string PathOf(absl::string_view run_id, bool done) const;

  const std::string state_dir_;
  const int lock_fd_;
};

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_JOURNAL_JOURNAL_H_

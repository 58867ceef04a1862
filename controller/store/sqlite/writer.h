#ifndef RESETCTL_CONTROLLER_STORE_SQLITE_WRITER_H_
#define RESETCTL_CONTROLLER_STORE_SQLITE_WRITER_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/service/store.h"
#include "controller/store/sqlite/audit_log.h"
#include "controller/store/sqlite/connection.h"
#include "proto/base/mutex.h"

namespace resetctl::controller {

// Told how writes end: OK once something was really written, or why nothing can be now. On the thread that wrote; no lock is held.
using WriteObserver = std::function<void(const absl::Status&)>;

// Group commit, as LevelDB's writers do it: each caller queues its job; the one at the front takes everything that waits,
// writes it in one transaction, and wakes the others with their answers.
class Writer {
 public:
  // `observe` may be null.
  Writer(std::unique_ptr<Connection> connection, std::string origin, CheckpointSigner sign,
         WriteObserver observe, absl::Duration patience)
      : connection_(std::move(connection)),
        origin_(std::move(origin)),
        sign_(std::move(sign)),
        observe_(std::move(observe)),
        patience_(patience) {
    connection_->SetPatience(patience_);
  }

  absl::StatusOr<CommitReceipt> Commit(const Change& change, const AuditTrail& trail);
  absl::Status Write(const Note& note);
  // Signs the head anew: after opening, so that an empty log has a checkpoint and a changed key signs the present one.
  absl::Status SignHead();
  // Writes the head as it is.
  absl::Status Probe();

 private:
  struct Job {
    const Change* change = nullptr;  // with trail; or
    const AuditTrail* trail = nullptr;
    const Note* note = nullptr;
    bool probe = false;
    absl::Status status;
    CommitReceipt receipt;
    bool done = false;
  };

  void Run(Job* job);
  void RunBatch(const std::vector<Job*>& batch);
  // `wrote`: more than nothing.
  absl::Status RunAll(const std::vector<Job*>& batch, bool* wrote);
  void Observe(const absl::Status& status, bool wrote);
  absl::Status RunOne(Job* job, LogHead* head);

  const std::unique_ptr<Connection> connection_;  // used by the front job only
  const std::string origin_;
  const CheckpointSigner sign_;
  const WriteObserver observe_;
  const absl::Duration patience_;  // for the lock that another process holds
  bool failing_ = false;           // used by the front job only

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Job*> queue_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_STORE_SQLITE_WRITER_H_

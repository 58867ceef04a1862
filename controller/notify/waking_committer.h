#ifndef RESETCTL_CONTROLLER_NOTIFY_WAKING_COMMITTER_H_
#define RESETCTL_CONTROLLER_NOTIFY_WAKING_COMMITTER_H_

#include <functional>
#include <utility>

#include "controller/service/store.h"

namespace resetctl::controller {

// The store's committer, and a word after each commit: services need not know that somebody follows the log.
class WakingCommitter : public Committer {
 public:
  // `wake` runs on the committing thread, which may hold any lock: it must not block. The store outlives this.
  WakingCommitter(Committer& store, std::function<void()> wake)
      : store_(store), wake_(std::move(wake)) {}

  absl::StatusOr<CommitReceipt> Commit(const Change& change, const AuditTrail& trail) override {
    absl::StatusOr<CommitReceipt> receipt = store_.Commit(change, trail);
    if (receipt.ok()) wake_();
    return receipt;
  }
  absl::Status Write(const Note& note) override { return store_.Write(note); }

 private:
  Committer& store_;
  const std::function<void()> wake_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_NOTIFY_WAKING_COMMITTER_H_

#include "controller/store/sqlite/writer.h"

#include <algorithm>

#include "controller/store/sqlite/apply.h"
#include "proto/base/failpoint.h"

namespace resetctl::controller {
namespace {

// Whoever calls while the store fails is told at once, instead of all of them waiting in turn.
constexpr absl::Duration kPatienceWhileFailing = absl::Milliseconds(250);

}  // namespace

absl::StatusOr<CommitReceipt> Writer::Commit(const Change& change, const AuditTrail& trail) {
  Job job;
  job.change = &change;
  job.trail = &trail;
  Run(&job);
  if (!job.status.ok()) return job.status;
  return job.receipt;
}

absl::Status Writer::Write(const Note& note) {
  Job job;
  job.note = &note;
  Run(&job);
  return job.status;
}

absl::Status Writer::SignHead() {
  Job job;
  Run(&job);
  return job.status;
}

absl::Status Writer::Probe() {
  Job job;
  job.probe = true;
  Run(&job);
  return job.status;
}

void Writer::Run(Job* job) {
  std::vector<Job*> batch;
  {
    base::MutexLock lock(mutex_);
    queue_.push_back(job);
    while (!job->done && queue_.front() != job) changed_.Wait(mutex_);
    if (job->done) return;
    batch.assign(queue_.begin(), queue_.end());
  }
  // Whoever comes now queues behind the batch, whose front stays in place until it is written.
  RunBatch(batch);
  base::MutexLock lock(mutex_);
  for (Job* finished : batch) {
    finished->done = true;
    queue_.pop_front();
  }
  changed_.SignalAll();
}

void Writer::RunBatch(const std::vector<Job*>& batch) {
  bool wrote = false;
  const absl::Status status = RunAll(batch, &wrote);
  if (!status.ok() && connection_->InTransaction()) (void)connection_->Exec("ROLLBACK");
  Observe(status, wrote);
  if (status.ok()) return;
  // Nothing is there, also of those that had gone well; who was refused keeps its own reason.
  for (Job* job : batch) {
    if (job->status.ok()) job->status = status;
  }
}

void Writer::Observe(const absl::Status& status, bool wrote) {
  if (status.ok() && !wrote) return;  // says nothing of the disk
  if (failing_ == status.ok()) {
    failing_ = !status.ok();
    connection_->SetPatience(failing_ ? std::min(patience_, kPatienceWhileFailing) : patience_);
  }
  if (observe_) observe_(status);
}

absl::Status Writer::RunAll(const std::vector<Job*>& batch, bool* wrote) {
  absl::Status status = connection_->Exec("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  absl::StatusOr<LogHead> head = LoadHead(*connection_);
  if (!head.ok()) return head.status();
  base::Failpoint("controller.store.begun");
  bool head_moves = false;
  for (Job* job : batch) {
    status = connection_->Exec("SAVEPOINT job");
    if (!status.ok()) return status;
    LogHead extended = *head;
    job->status = RunOne(job, &extended);
    if (job->status.ok()) {
      head_moves = head_moves || job->note == nullptr;
      *head = std::move(extended);
    } else {
      if (!connection_->InTransaction()) return job->status;  // the whole transaction is gone
      status = connection_->Exec("ROLLBACK TO job");
      if (!status.ok()) return status;
    }
    status = connection_->Exec("RELEASE job");
    if (!status.ok()) return status;
  }
  if (head_moves) {
    status = StoreHead(*connection_, head->frontier, origin_, sign_);
    if (!status.ok()) return status;
  }
  base::Failpoint("controller.store.commit.before");
  status = connection_->Exec("COMMIT");
  base::Failpoint("controller.store.commit.after");
  for (Job* job : batch) job->receipt.audit_size = head->frontier.size();
  *wrote = head_moves;
  return status;
}

absl::Status Writer::RunOne(Job* job, LogHead* head) {
  if (job->note != nullptr) return Apply(*connection_, *job->note);
  if (job->probe) return absl::OkStatus();
  if (job->change == nullptr) return CheckHead(*connection_, head->frontier);
  job->receipt.first_audit_index = head->frontier.size();
  for (const Mutation& mutation : job->change->mutations()) {
    absl::Status status = Apply(*connection_, mutation, head->frontier.size());
    if (!status.ok()) return status;
  }
  return AppendEntries(*connection_, *job->trail, head);
}

}  // namespace resetctl::controller

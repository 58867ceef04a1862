#include "controller/notify/sink_worker.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/notify/message.h"
#include "proto/base/http_client.h"
#include "proto/base/log.h"

namespace resetctl::controller {
namespace {

constexpr int kBatch = 200;
// What nobody is told of (the events of runs, mostly) is not worth a write each: it is cheap to look at again.
constexpr uint64_t kKeepEvery = 1000;
// In case a commit came by another way than the one that wakes.
constexpr absl::Duration kLookAnyway = absl::Seconds(30);

enum class Verdict { kTaken, kRefused, kTryAgain };

Verdict VerdictOf(const base::HttpAnswer& answer) {
  if (answer.status / 100 == 2) return Verdict::kTaken;
  if (answer.status == 408 || answer.status == 429) return Verdict::kTryAgain;
  // Redirects are not followed: they could lead anywhere.
  if (answer.status / 100 == 3 || answer.status / 100 == 4) return Verdict::kRefused;
  return Verdict::kTryAgain;
}

}  // namespace

SinkWorker::SinkWorker(Sink sink, Store& store, const PolicyHolder& policy,
                       const base::Clock& clock, RetryPace pace)
    : sink_(std::move(sink)),
      store_(store),
      policy_(policy),
      clock_(clock),
      backoff_(pace.min, pace.max, base::SystemRandom()) {}

SinkWorker::~SinkWorker() { Stop(); }

absl::Status SinkWorker::Start() {
  const absl::StatusOr<std::optional<uint64_t>> cursor = store_.FindCursor(sink_.name);
  if (!cursor.ok()) return cursor.status();
  const absl::StatusOr<StoredCheckpoint> head = store_.GetCheckpoint();
  if (!head.ok()) return head.status();
  next_ = cursor->value_or(head->size);
  if (cursor->has_value()) {
    kept_ = next_;
  } else {
    absl::Status kept = KeepCursor();
    if (!kept.ok()) return kept;
  }
  thread_ = std::thread([this] { Loop(); });
  return absl::OkStatus();
}

void SinkWorker::Wake() {
  base::MutexLock lock(mutex_);
  woken_ = true;
  changed_.SignalAll();
}

void SinkWorker::Cancel() {
  base::MutexLock lock(mutex_);
  cancelled_ = true;
  changed_.SignalAll();
}

void SinkWorker::Stop() {
  Cancel();
  if (thread_.joinable()) thread_.join();
}

void SinkWorker::Loop() {
  while (!cancelled_) {
    const absl::Status status = CatchUp();
    if (status.ok()) {
      AwaitWork();
      continue;
    }
    base::Log(base::LogLevel::kError, "notifications wait for the store",
              {{"sink", sink_.name}, {"error", status.message()}});
    Pause(backoff_.Next());
  }
  if (next_ != kept_) KeepCursor().IgnoreError();
}

absl::Status SinkWorker::CatchUp() {
  if (settled_) {
    // It is out: what the store did not take then must not have it sent again.
    absl::Status kept = KeepCursor();
    if (!kept.ok()) return kept;
  }
  while (!cancelled_) {
    const absl::StatusOr<std::vector<StoredAuditEntry>> entries = store_.ReadAudit(next_, kBatch);
    if (!entries.ok()) return entries.status();
    if (entries->empty()) return absl::OkStatus();
    for (const StoredAuditEntry& stored : *entries) {
      absl::StatusOr<std::optional<Notification>> notification = Read(stored);
      if (absl::IsNotFound(notification.status())) {
        // Entry and record were committed together: waiting would not bring it.
        base::Log(base::LogLevel::kError, "an entry of the log names what is not there",
                  {{"sink", sink_.name}, {"id", absl::StrCat(stored.index)}});
        notification = std::optional<Notification>();
      }
      if (!notification.ok()) return notification.status();
      std::optional<Delivery> delivery;
      if (notification->has_value()) {
        delivery = Deliver(**notification);
        if (!delivery) return absl::OkStatus();
        settled_ = EntryOf(sink_, **notification, *delivery, clock_.Now());
      }
      next_ = stored.index + 1;
      if (!delivery && next_ - kept_ < kKeepEvery) continue;
      absl::Status kept = KeepCursor();
      if (!kept.ok()) return kept;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Notification>> SinkWorker::Read(const StoredAuditEntry& stored) {
  Happening happening;
  happening.index = stored.index;
  if (!happening.entry.ParseFromString(stored.bytes)) return std::optional<Notification>();
  const std::optional<NotificationEvent> event = EventOf(happening.entry);
  if (!event || !sink_.Wants(*event, happening.entry.environment())) {
    return std::optional<Notification>();
  }
  if (const std::string plan_id = PlanIdOf(happening.entry); !plan_id.empty()) {
    absl::StatusOr<PlanRecord> plan = store_.GetPlan(plan_id);
    if (!plan.ok()) return plan.status();
    absl::StatusOr<std::vector<ApprovalRecord>> approvals = store_.ListApprovals(plan->id);
    if (!approvals.ok()) return approvals.status();
    happening.plan = *std::move(plan);
    happening.approvals = *std::move(approvals);
  }
  if (const std::string run_id = RunIdOf(happening.entry); !run_id.empty()) {
    absl::StatusOr<RunRecord> run = store_.GetRun(run_id);
    if (!run.ok()) return run.status();
    happening.run = *std::move(run);
  }
  return NotificationOf(*policy_.Get(), happening);
}

std::optional<Delivery> SinkWorker::Deliver(const Notification& notification) {
  const std::string id = absl::StrCat(notification.id);
  const base::HttpRequest request = RequestFor(sink_, notification);
  Delivery delivery;
  while (!cancelled_) {
    if (clock_.Now() - notification.time > sink_.give_up_after) {
      base::Log(base::LogLevel::kError, "a notification was given up: it is too old",
                {{"sink", sink_.name}, {"id", id}, {"event", NameOf(notification.event)}});
      delivery.end = Delivery::End::kTooOld;
      return delivery;
    }
    const base::HttpAnswer answer = base::SendHttp(request, cancelled_);
    ++delivery.tries;
    delivery.answer = answer.status;
    const std::string how = answer.status == 0 ? answer.error : absl::StrCat(answer.status);
    switch (VerdictOf(answer)) {
      case Verdict::kTaken:
        backoff_.Reset();
        return delivery;
      case Verdict::kRefused:
        base::Log(base::LogLevel::kError, "a notification was refused and is not sent again",
                  {{"sink", sink_.name}, {"id", id}, {"answer", how}});
        backoff_.Reset();
        delivery.end = Delivery::End::kRefused;
        return delivery;
      case Verdict::kTryAgain:
        if (cancelled_) return std::nullopt;
        base::Log(base::LogLevel::kWarning, "a notification could not be sent, it is tried again",
                  {{"sink", sink_.name}, {"id", id}, {"answer", how}});
        if (!Pause(backoff_.Next())) return std::nullopt;
    }
  }
  return std::nullopt;
}

absl::Status SinkWorker::KeepCursor() {
  const SetNotificationCursor cursor{sink_.name, next_};
  absl::Status status = settled_
                            ? store_.Commit(Change().Add(cursor), AuditTrail(*settled_)).status()
                            : store_.Write(cursor);
  if (status.ok()) {
    kept_ = next_;
    settled_.reset();
  }
  return status;
}

void SinkWorker::AwaitWork() {
  base::MutexLock lock(mutex_);
  // Whatever ends the wait, to look at the log once more does no harm.
  if (!woken_ && !cancelled_) changed_.WaitFor(mutex_, absl::ToChronoMilliseconds(kLookAnyway));
  woken_ = false;
}

bool SinkWorker::Pause(absl::Duration pause) {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point until = Steady::now() + absl::ToChronoNanoseconds(pause);
  base::MutexLock lock(mutex_);
  while (!cancelled_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
    if (left.count() <= 0) return true;
    changed_.WaitFor(mutex_, left);
  }
  return false;
}

}  // namespace resetctl::controller

#include "controller/rpc/attach_reactor.h"

#include <utility>

namespace resetctl::controller {
namespace {

constexpr size_t kInboxLimit = 256;    // then reading stops
constexpr size_t kOutboxLimit = 4096;  // then the stream ends: the agent does not read
constexpr absl::Duration kHelloWithin = absl::Seconds(10);

}  // namespace

AttachReactor::Stream* AttachReactor::Start(Gateway& gateway, AgentDesk& desk, Scheduler& scheduler,
                                            grpc::CallbackServerContext* context) {
  std::shared_ptr<AttachReactor> reactor(new AttachReactor(gateway, desk, scheduler, context));
  reactor->self_ = reactor;
  reactor->ScheduleWork();
  return reactor.get();
}

// ---- from services ----

void AttachReactor::Send(v1::AttachResponse message) {
  {
    base::MutexLock lock(mutex_);
    if (finished_ || close_reason_) return;
    if (outbox_.size() >= kOutboxLimit) {
      outbox_.clear();
      close_reason_ = absl::ResourceExhaustedError("the agent does not read what it is sent");
    } else {
      outbox_.push_back(std::move(message));
    }
  }
  SchedulePump();
}

void AttachReactor::Close(const absl::Status& reason) {
  {
    base::MutexLock lock(mutex_);
    if (!close_reason_) close_reason_ = reason;
  }
  SchedulePump();
}

// ---- reactions: nothing blocks ----

void AttachReactor::OnReadDone(bool ok) {
  {
    base::MutexLock lock(mutex_);
    reading_ = false;
    if (ok) {
      inbox_.push_back(std::move(incoming_));
      incoming_.Clear();
    } else {
      may_read_ = false;
      if (!close_reason_) close_reason_ = absl::OkStatus();  // the agent half-closed, or is gone
    }
  }
  ScheduleWork();
  SchedulePump();
}

void AttachReactor::OnWriteDone(bool ok) {
  {
    base::MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) {
      outbox_.clear();
      if (!close_reason_) close_reason_ = absl::CancelledError("the agent went away");
    }
  }
  SchedulePump();
}

void AttachReactor::OnCancel() {
  {
    base::MutexLock lock(mutex_);
    outbox_.clear();
  }
  Close(absl::CancelledError("the agent went away"));
}

void AttachReactor::OnDone() {
  std::shared_ptr<AttachReactor> self = std::move(self_);
  {
    base::MutexLock lock(mutex_);
    done_ = true;
    finished_ = true;
  }
  ScheduleWork();
}

// ---- the stream ----

void AttachReactor::SchedulePump() {
  {
    base::MutexLock lock(mutex_);
    if (finished_) return;
    if (pumping_) {
      pump_again_ = true;
      return;
    }
    pumping_ = true;
  }
  gateway_.executor.Continue([self = shared_from_this()] { self->Pump(); });
}

void AttachReactor::Pump() {
  enum class Step { kNone, kRead, kWrite, kFinish };
  while (true) {
    Step step = Step::kNone;
    absl::Status reason;
    {
      base::MutexLock lock(mutex_);
      pump_again_ = false;
      // The context must outlive the authorisation that reads it: nothing ends before.
      if (finished_ || authorizing_) {
        pumping_ = false;
        return;
      }
      if (!writing_ && !outbox_.empty()) {
        step = Step::kWrite;
        writing_ = true;
        outgoing_ = std::move(outbox_.front());
        outbox_.pop_front();
      } else if (!writing_ && close_reason_) {
        step = Step::kFinish;
        finished_ = true;
        reason = *close_reason_;
      } else if (may_read_ && !reading_ && !close_reason_ && inbox_.size() < kInboxLimit) {
        step = Step::kRead;
        reading_ = true;
      } else {
        pumping_ = false;
        return;
      }
    }
    if (step == Step::kWrite) StartWrite(&outgoing_);
    if (step == Step::kRead) StartRead(&incoming_);
    if (step == Step::kFinish) Finish(transport::ToGrpc(reason));
  }
}

// ---- the session ----

void AttachReactor::ScheduleWork() {
  {
    base::MutexLock lock(mutex_);
    if (working_) {
      work_again_ = true;
      return;
    }
    working_ = true;
  }
  gateway_.executor.Continue([self = shared_from_this()] { self->Work(); });
}

void AttachReactor::Work() {
  if (!authorized_ && !refused_ && !Authorize()) refused_ = true;
  while (true) {
    std::vector<v1::AttachRequest> messages;
    bool gone = false;
    absl::Status why;
    {
      base::MutexLock lock(mutex_);
      work_again_ = false;
      messages.assign(std::make_move_iterator(inbox_.begin()),
                      std::make_move_iterator(inbox_.end()));
      inbox_.clear();
      if (messages.empty()) {
        gone = done_ && !gone_told_;
        if (!gone) {
          working_ = false;
          return;
        }
        gone_told_ = true;
        why = close_reason_.value_or(absl::OkStatus());
      }
    }
    if (gone) {
      scheduler_.Cancel(hello_timer_);
      scheduler_.Cancel(expiry_timer_);
      if (session_) desk_.Gone(who_, *session_, why);
      continue;
    }
    SchedulePump();  // there is room to read again
    if (!refused_) Handle(std::move(messages));
  }
}

bool AttachReactor::Authorize() {
  absl::StatusOr<Identity> identity =
      gateway_.access.Authorize(RuleOf("AgentLinkService/Attach"), *context_);
  {
    base::MutexLock lock(mutex_);
    authorizing_ = false;
    may_read_ = identity.ok();
  }
  if (!identity.ok()) {
    Close(identity.status());
    return false;
  }
  who_ = identity->agent;
  authorized_ = true;
  hello_timer_ = scheduler_.After(kHelloWithin, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Close(absl::DeadlineExceededError("no hello came"));
  });
  expiry_timer_ =
      CloseAt(who_.not_after,
              contract::Error(v1::REASON_UNAUTHENTICATED, "the agent's certificate has expired",
                              "renew it, or enrol again with a new join token"));
  SchedulePump();
  return true;
}

Scheduler::Id AttachReactor::CloseAt(absl::Time date, const absl::Status& reason) {
  return scheduler_.AtDate(date, [weak = weak_from_this(), reason] {
    if (auto self = weak.lock()) self->Close(reason);
  });
}

void AttachReactor::Handle(std::vector<v1::AttachRequest> messages) {
  absl::Status status;
  if (!session_) {
    scheduler_.Cancel(hello_timer_);
    if (!messages.front().has_hello()) {
      status = contract::Error(v1::REASON_INVALID_ARGUMENT, "the first message must be a hello",
                               "use an agent of this controller's version");
    } else {
      absl::StatusOr<uint64_t> session =
          desk_.Hello(who_, messages.front().hello(), shared_from_this());
      status = session.status();
      if (session.ok()) session_ = *session;
    }
    messages.erase(messages.begin());
  }
  if (status.ok() && !messages.empty()) status = desk_.Take(who_, *session_, messages);
  if (!status.ok()) {
    refused_ = true;
    Close(status);
  }
}

}  // namespace resetctl::controller

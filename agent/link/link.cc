#include "agent/link/link.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/link/enrollment.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

bool Link::Inbox::Post(Task task) {
  base::MutexLock lock(mutex);
  if (stopped) return false;
  tasks.push_back(std::move(task));
  changed.Signal();
  return true;
}

Link::Link(LinkSettings settings, Identity identity, LinkWork& work, RunBook& book,
           const base::Clock& clock)
    : settings_(std::move(settings)),
      work_(work),
      book_(book),
      clock_(clock),
      identity_(std::move(identity)),
      session_(work_, book_),
      backoff_(settings_.reconnect_min, settings_.reconnect_max, base::SystemRandom()),
      renew_at_(identity_.HalfLife()) {}

Link::~Link() { Stop(); }

void Link::Start() {
  std::weak_ptr<Inbox> inbox = inbox_;
  book_.SetListener([this, inbox] {
    if (const std::shared_ptr<Inbox> alive = inbox.lock()) alive->Post([this] { session_.Pump(); });
  });
  thread_ = std::thread([this] { Loop(); });
}

void Link::Stop() {
  book_.SetListener(nullptr);
  {
    base::MutexLock lock(inbox_->mutex);
    inbox_->stopped = true;
    inbox_->tasks.clear();
    inbox_->changed.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void Link::Reply(v1::AttachRequest message) {
  inbox_->Post(
      [this, message = std::move(message)]() mutable { session_.Reply(std::move(message)); });
}

absl::Time Link::NextTime() const {
  absl::Time next = session_.NextTime();
  if (stream_ == nullptr) next = std::min(next, connect_at_);
  if (!renewing_) next = std::min(next, renew_at_);
  return next;
}

void Link::Loop() {
  for (;;) {
    const absl::Time now = clock_.Now();
    // A clock that is set back must not put the next attempt into the far future.
    connect_at_ = std::min(connect_at_, now + settings_.reconnect_max);
    if (stream_ == nullptr && now >= connect_at_) Connect();
    session_.OnTime(now);
    MaybeRenew(now);
    std::deque<Task> tasks;
    {
      // Half a minute at most: a clock that is set back must not put the agent to sleep.
      const absl::Duration wait =
          std::clamp(NextTime() - clock_.Now(), absl::Milliseconds(1), absl::Seconds(30));
      base::MutexLock lock(inbox_->mutex);
      if (inbox_->tasks.empty() && !inbox_->stopped) {
        inbox_->changed.WaitFor(inbox_->mutex,
                                std::chrono::milliseconds(absl::ToInt64Milliseconds(wait) + 1));
      }
      if (inbox_->stopped) break;
      tasks.swap(inbox_->tasks);
    }
    for (const Task& task : tasks) task();
  }
  session_.End();
  if (stream_ != nullptr) stream_->Close();
  stream_.reset();
}

void Link::Connect() {
  if (Expired()) {
    // No handshake accepts it: renewed first.
    connect_at_ = clock_.Now() + backoff_.Next();
    return;
  }
  if (channel_ == nullptr) {
    channel_ = ConnectAgent(settings_.controller, identity_);
    stub_ = v1::AgentLinkService::NewStub(channel_);
  }
  const uint64_t number = ++stream_number_;
  const std::shared_ptr<Inbox> inbox = inbox_;
  AttachStream::Handlers handlers;
  handlers.on_message = [this, inbox, number](v1::AttachResponse message) {
    inbox->Post([this, number, message = std::move(message)]() mutable {
      if (number != stream_number_ || stream_ == nullptr) return;
      session_.Receive(std::move(message), clock_.Now());
      if (session_.welcomed() && !welcomed_) {
        welcomed_ = true;
        attached_ = true;
        backoff_.Reset();
        last_complaint_.clear();
      }
      if (stream_ != nullptr) stream_->ReadNext();
    });
  };
  handlers.on_end = [this, inbox, number](const absl::Status& status) {
    inbox->Post([this, number, status] { Ended(number, status); });
  };
  welcomed_ = false;
  stream_ = AttachStream::Start(*stub_, std::move(handlers));
  session_.Start(stream_.get(), clock_.Now());
}

void Link::Ended(uint64_t stream_number, const absl::Status& status) {
  if (stream_number != stream_number_) return;
  session_.End();
  attached_ = false;
  stream_.reset();
  if (changing_) {
    changing_ = false;
    connect_at_ = clock_.Now();
    return;
  }
  const absl::Duration wait = backoff_.Next();
  connect_at_ = clock_.Now() + wait;
  // One line for a controller that is away for hours, not one a minute.
  const std::string complaint = base::Str(status.message());
  if (complaint != last_complaint_ || welcomed_) {
    base::Log(
        base::LogLevel::kWarning, "not attached to the controller",
        {{"controller", settings_.controller},
         {"why", complaint},
         {"reason", contract::NameOf(contract::ReasonOf(status))},
         {"next attempt in", absl::FormatDuration(absl::Trunc(wait, absl::Milliseconds(1)))}});
    last_complaint_ = complaint;
  }
}

void Link::MaybeRenew(absl::Time now) {
  if (renewing_ || now < renew_at_ || (channel_ == nullptr && !Expired())) return;
  renewing_ = true;
  const std::shared_ptr<Inbox> inbox = inbox_;
  const RenewDone done = [this, inbox](absl::StatusOr<Identity> renewed) {
    inbox->Post([this, renewed = std::move(renewed)]() mutable { Renewed(std::move(renewed)); });
  };
  if (Expired()) {
    renewal_channel_ = ConnectWithoutCertificate(settings_.controller, identity_);
    RenewExpired(renewal_channel_, identity_, done);
  } else {
    Renew(channel_, identity_, done);
  }
}

void Link::Renewed(absl::StatusOr<Identity> renewed) {
  renewing_ = false;
  renewal_channel_.reset();
  absl::Status status = renewed.status();
  if (status.ok()) status = SaveIdentity(settings_.state_dir, *renewed);
  if (!status.ok()) {
    // A tenth of what is left between attempts; once it has ended, as often as the agent would connect.
    const absl::Duration left = identity_.not_after - clock_.Now();
    renew_at_ = clock_.Now() +
                (Expired() ? settings_.reconnect_max : std::max(absl::Minutes(1), left / 10));
    base::Log(base::LogLevel::kWarning, "certificate not renewed",
              {{"why", base::Str(status.message())},
               {"good until", absl::FormatTime(identity_.not_after, absl::UTCTimeZone())}});
    return;
  }
  identity_ = *std::move(renewed);
  // Half of what it has from now on: certificates begin before they are issued, for clocks that differ.
  renew_at_ = clock_.Now() + (identity_.not_after - clock_.Now()) / 2;
  connect_at_ = clock_.Now();
  base::Log(base::LogLevel::kInfo, "certificate renewed",
            {{"good until", absl::FormatTime(identity_.not_after, absl::UTCTimeZone())}});
  // The next stream uses it; this one is ended by the controller when the old certificate ends, so leave it before.
  channel_.reset();
  stub_.reset();
  if (stream_ == nullptr) return;
  changing_ = true;
  stream_->Close();
}

}  // namespace resetctl::agent

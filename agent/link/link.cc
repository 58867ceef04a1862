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
namespace {

// A date that was set is noticed.
constexpr absl::Duration kLongestSleep = absl::Seconds(30);

}  // namespace

void Link::Inbox::Post(Task task) {
  base::MutexLock lock(mutex);
  if (closed) return;
  tasks.push_back(std::move(task));
  changed.Signal();
}

std::deque<Link::Task> Link::Inbox::Take(absl::Duration timeout) {
  std::deque<Task> taken;
  base::MutexLock lock(mutex);
  if (tasks.empty()) {
    changed.WaitFor(mutex, std::chrono::milliseconds(absl::ToInt64Milliseconds(timeout) + 1));
  }
  taken.swap(tasks);
  return taken;
}

void Link::Inbox::Close() {
  std::deque<Task> dropped;  // destroyed without the lock
  base::MutexLock lock(mutex);
  closed = true;
  dropped.swap(tasks);
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
  if (!thread_.joinable()) return;
  inbox_->Post([this] { stopping_ = true; });
  thread_.join();
}

void Link::Reply(v1::AttachRequest message) {
  inbox_->Post(
      [this, message = std::move(message)]() mutable { session_.Reply(std::move(message)); });
}

void Link::TellDraining() {
  inbox_->Post([this] { session_.Beat(); });
}

absl::Duration Link::Wait() const {
  absl::Duration next = session_.NextTime();
  if (stream_ == nullptr) next = std::min(next, connect_at_);
  absl::Duration wait = next - clock_.Steady();
  if (renewal_ == nullptr) wait = std::min(wait, renew_at_ - clock_.Now());
  return std::max(wait, absl::Milliseconds(1));
}

void Link::Loop() {
  while (!stopping_) {
    const base::Moment now = clock_.Both();
    if (stream_ == nullptr && now.steady >= connect_at_) Connect();
    session_.OnTime(now.steady);
    MaybeRenew(now.wall);
    RunTasks(Wait());
  }
  session_.End();
  if (stream_ != nullptr) stream_->Close();
  if (renewal_ != nullptr) renewal_->Cancel();
  while (stream_ != nullptr || renewal_ != nullptr) RunTasks(kLongestSleep);
  inbox_->Close();
}

void Link::RunTasks(absl::Duration timeout) {
  for (const Task& task : inbox_->Take(std::min(timeout, kLongestSleep))) task();
}

void Link::Connect() {
  if (Expired()) {
    // No handshake accepts it: renewed first.
    connect_at_ = clock_.Steady() + backoff_.Next();
    return;
  }
  if (channel_ == nullptr) {
    channel_ = ConnectAgent(settings_.controller, identity_);
    stub_ = v1::AgentLinkService::NewStub(channel_);
  }
  const std::shared_ptr<Inbox> inbox = inbox_;
  AttachStream::Handlers handlers;
  handlers.on_message = [this, inbox](v1::AttachResponse message) {
    inbox->Post([this, message = std::move(message)]() mutable {
      session_.Receive(std::move(message), clock_.Both());
      if (session_.welcomed() && !welcomed_) {
        welcomed_ = true;
        attached_ = true;
        backoff_.Reset();
        last_complaint_.clear();
      }
      stream_->ReadNext();
    });
  };
  handlers.on_end = [this, inbox](const absl::Status& status, std::shared_ptr<AttachStream> self) {
    inbox->Post([this, status, self = std::move(self)] { Ended(status); });
  };
  welcomed_ = false;
  stream_ = AttachStream::Start(*stub_, std::move(handlers));
  session_.Start(stream_.get(), clock_.Both());
}

void Link::Ended(const absl::Status& status) {
  session_.End();
  attached_ = false;
  stream_.reset();
  if (stopping_) return;
  if (changing_) {
    changing_ = false;
    connect_at_ = clock_.Steady();
    return;
  }
  const absl::Duration wait = backoff_.Next();
  connect_at_ = clock_.Steady() + wait;
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
  if (renewal_ != nullptr || now < renew_at_ || (channel_ == nullptr && !Expired())) return;
  const std::shared_ptr<Inbox> inbox = inbox_;
  const Renewal::Done done = [this, inbox](absl::StatusOr<Identity> renewed,
                                           std::shared_ptr<Renewal> self) {
    inbox->Post([this, renewed = std::move(renewed), self = std::move(self)]() mutable {
      Renewed(std::move(renewed));
    });
  };
  absl::StatusOr<std::shared_ptr<Renewal>> renewal =
      Expired() ? Renewal::StartExpired(ConnectWithoutCertificate(settings_.controller, identity_),
                                        identity_, done)
                : Renewal::Start(channel_, identity_, done);
  if (!renewal.ok()) return Renewed(renewal.status());
  renewal_ = *std::move(renewal);
}

void Link::Renewed(absl::StatusOr<Identity> renewed) {
  renewal_.reset();
  if (stopping_ && !renewed.ok()) return;
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
  connect_at_ = clock_.Steady();
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

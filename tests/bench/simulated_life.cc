#include "tests/bench/simulated_life.h"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/clock.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "tests/support/await.h"
#include "tests/support/honest_plan.h"
#include "tests/support/must.h"

namespace resetctl::bench {
namespace {

using support::Must;

constexpr absl::Duration kReconnectMin = absl::Milliseconds(200);
constexpr absl::Duration kReconnectMax = absl::Seconds(10);
constexpr absl::Duration kFlushTime = absl::Seconds(3);
constexpr int kMostMilliseconds = 250;  // between two events

// A child that another thread is just starting holds what it inherits, the lock too, until its exec.
std::unique_ptr<agent::Journal> OpenJournal(const std::string& state_dir) {
  std::unique_ptr<agent::Journal> journal;
  support::Await("the lock of " + state_dir, [&] {
    absl::StatusOr<std::unique_ptr<agent::Journal>> opened = agent::Journal::Open(state_dir);
    if (opened.ok()) journal = *std::move(opened);
    return journal != nullptr;
  });
  return journal;
}

absl::Duration Steady() { return base::RealClock().Steady(); }

}  // namespace

SimulatedLife::SimulatedLife(const std::string& controller, const std::string& state_dir,
                             const agent::Identity& identity, uint64_t seed,
                             absl::Duration duration)
    : identity_(identity),
      random_(seed),
      journal_(OpenJournal(state_dir)),
      witness_(Must(agent::Witness::Open(state_dir, identity.environment, identity.target,
                                         base::RealClock()))),
      book_(*journal_, base::RealClock(), witness_->key()),
      duration_(duration),
      drains_(UpTo(1) == 0),
      link_({controller, state_dir, kReconnectMin, kReconnectMax}, identity, *this, book_,
            base::RealClock()) {
  witness_->TakeTargets(std::nullopt);
  const absl::Status loaded = book_.Load();
  if (!loaded.ok()) throw std::runtime_error(loaded.ToString());
}

void SimulatedLife::Live() {
  SettleOpenRuns();
  link_.Start();
  while (const Task task = Next()) task();
  bool drain = false;
  {
    base::MutexLock lock(mutex_);
    drain = draining_ = drains_;
  }
  if (drain) Flush();
  link_.Stop();
}

void SimulatedLife::Flush() {
  link_.TellDraining();
  const absl::Duration until = Steady() + kFlushTime;
  base::MutexLock lock(mutex_);
  while (Steady() < until && link_.attached() && book_.Waiting(UINT64_MAX) > 0) {
    changed_.WaitFor(mutex_, std::chrono::milliseconds(20));
  }
}

void SimulatedLife::Prolong() {
  base::MutexLock lock(mutex_);
  duration_ = end_ = absl::InfiniteDuration();
}

void SimulatedLife::End() {
  base::MutexLock lock(mutex_);
  duration_ = end_ = absl::ZeroDuration();
  drains_ = true;
  changed_.SignalAll();
}

// ---- what the controller says, on the link's thread

v1::AgentHello SimulatedLife::MakeHello() {
  v1::AgentHello hello;
  witness_->FillHello(&hello);
  hello.set_version("simulated");
  hello.set_environment(identity_.environment);
  hello.set_target(identity_.target);
  hello.set_floor_digest(contract::Digest("floor"));
  *hello.mutable_database() = Database();
  return hello;
}

v1::DatabaseIdentity SimulatedLife::Database() const {
  v1::DatabaseIdentity database;
  database.set_system_identifier(contract::Digest(identity_.target));
  database.set_database_name(identity_.target);
  return database;
}

std::optional<v1::AttachRequest> SimulatedLife::TakeLogProof(const v1::LogProof* proof) {
  {
    base::MutexLock lock(mutex_);
    if (end_ == absl::InfiniteDuration()) end_ = Steady() + duration_;
    changed_.SignalAll();
  }
  return witness_->Take(proof);
}

void SimulatedLife::TakePlanOrder(v1::PlanOrder order) {
  Post([this, order = std::move(order)] {
    v1::AttachRequest message;
    v1::PlanReply& reply = *message.mutable_plan_reply();
    reply.set_order_id(order.order_id());
    v1::PlanDocument plan =
        test::DocumentFor(order, identity_.environment, identity_.target, base::RealClock().Now());
    *plan.mutable_database() = Database();
    reply.set_document(plan.SerializeAsString());
    reply.set_mac("mac");
    link_.Reply(std::move(message));
  });
}

void SimulatedLife::TakeOffer(v1::RunOffer offer) {
  Post([this, offer = std::move(offer)] { Carry(offer); });
}

void SimulatedLife::TakeResume(v1::ResumeOffer offer) { AnswerOffer(offer.run_id(), std::nullopt); }

void SimulatedLife::TakeTwin(v1::TwinOrder order) {
  if (order.order_id().empty()) return;
  v1::AttachRequest message;
  message.mutable_twin_reply()->set_order_id(order.order_id());
  link_.Reply(std::move(message));
}

void SimulatedLife::Cancel(const std::string& run_id) {
  base::MutexLock lock(mutex_);
  cancelled_.insert(run_id);
}

void SimulatedLife::AnswerExpected(const std::string& run_id) {
  Post([this, run_id] {
    if (book_.IsOpen(run_id) || book_.Reopen(run_id).ok()) {
      const agent::RunFacts facts = book_.Facts(run_id);
      if (facts.ended) {
        book_.Report(*facts.ended);
      } else if (facts.fence) {
        AnswerOffer(run_id, facts.fence);
      }
    } else if (book_.Open(run_id).ok()) {
      Report(run_id, v1::RUN_STATE_REFUSED, nullptr);
    }
  });
}

std::string SimulatedLife::ActiveRun() {
  base::MutexLock lock(mutex_);
  return active_;
}

bool SimulatedLife::Draining() {
  base::MutexLock lock(mutex_);
  return draining_;
}

// ---- the worker

void SimulatedLife::Post(Task task) {
  base::MutexLock lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.SignalAll();
}

SimulatedLife::Task SimulatedLife::Next() {
  base::MutexLock lock(mutex_);
  while (tasks_.empty()) {
    const absl::Duration left = end_ - Steady();
    if (left <= absl::ZeroDuration()) return nullptr;
    changed_.WaitFor(mutex_, std::chrono::milliseconds(
                                 absl::ToInt64Milliseconds(std::min(left, absl::Seconds(1))) + 1));
  }
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

bool SimulatedLife::Work() {
  const absl::Duration until = Steady() + absl::Milliseconds(UpTo(kMostMilliseconds));
  base::MutexLock lock(mutex_);
  for (absl::Duration now = Steady(); now < until; now = Steady()) {
    if (!drains_ && now >= end_) return false;
    changed_.WaitFor(mutex_, std::chrono::milliseconds(absl::ToInt64Milliseconds(until - now) + 1));
  }
  return true;
}

bool SimulatedLife::IsCancelled(const std::string& run_id) {
  base::MutexLock lock(mutex_);
  return cancelled_.count(run_id) > 0;
}

void SimulatedLife::Report(const std::string& run_id, v1::RunState state,
                           const v1::RunResult* result) {
  v1::RunReport report;
  report.set_run_id(run_id);
  report.set_state(state);
  if (result != nullptr) *report.mutable_result() = *result;
  if (state == v1::RUN_STATE_REFUSED || state == v1::RUN_STATE_ROLLED_BACK) {
    *report.mutable_problem() = contract::MakeProblem(
        state == v1::RUN_STATE_REFUSED ? v1::REASON_AGENT_OFFLINE : v1::REASON_SQL_FAILED,
        "it was simulated", "Run the plan again.");
  }
  book_.Report(std::move(report));
}

void SimulatedLife::SettleOpenRuns() {
  for (const std::string& run_id : book_.OpenRuns()) {
    const agent::RunFacts facts = book_.Facts(run_id);
    if (facts.ended) continue;
    if (facts.committed) {
      Report(run_id, v1::RUN_STATE_SUCCEEDED, &*facts.committed);
    } else {
      Report(run_id, facts.fence ? v1::RUN_STATE_ROLLED_BACK : v1::RUN_STATE_REFUSED, nullptr);
    }
  }
}

void SimulatedLife::AnswerOffer(const std::string& run_id, std::optional<int64_t> fence) {
  v1::AttachRequest message;
  v1::OfferReply& reply = *message.mutable_offer_reply();
  reply.set_run_id(run_id);
  reply.set_accepted(fence.has_value());
  if (fence) {
    reply.set_fence(*fence);
  } else {
    *reply.mutable_problem() =
        contract::MakeProblem(v1::REASON_WRONG_STATE, "it was simulated", "Run the plan again.");
  }
  link_.Reply(std::move(message));
}

bool SimulatedLife::AnswerAgain(const std::string& run_id) {
  if (!book_.IsOpen(run_id) && !book_.Reopen(run_id).ok()) return false;
  AnswerOffer(run_id, book_.Facts(run_id).fence);
  book_.PutAway(run_id);
  return true;
}

bool SimulatedLife::Steps(const std::string& run_id, v1::StepKind kind) {
  agent::StepNote note;
  note.step = kind;
  note.unit = "rows";
  note.total = 1 + UpTo(5);
  for (note.done = 1; note.done <= note.total; ++note.done) {
    note.kind = note.done < note.total ? v1::EVENT_KIND_PROGRESS : v1::EVENT_KIND_SUCCEEDED;
    book_.Say(run_id, note);
    if (!Work()) return false;
  }
  return true;
}

void SimulatedLife::Carry(const v1::RunOffer& offer) {
  const std::string& run_id = offer.run_id();
  if (AnswerAgain(run_id) || !book_.Open(run_id).ok()) return;
  {
    base::MutexLock lock(mutex_);
    active_ = run_id;
  }
  v1::JournalRecord taken;
  *taken.mutable_offer() = offer;
  v1::JournalRecord claim;
  const int64_t fence = absl::ToUnixMillis(base::RealClock().Now());  // higher than the one before
  claim.mutable_claim()->set_fence(fence);
  v1::JournalRecord committed;
  v1::RunResult& result = *committed.mutable_committed();
  result.set_fence(fence);
  result.set_kept_proved(true);
  bool goes_on =
      Work() && book_.Record(run_id, taken).ok() && Work() && book_.Record(run_id, claim).ok();
  if (goes_on) {
    AnswerOffer(run_id, fence);
    goes_on = Steps(run_id, v1::STEP_KIND_CLEAR) && Steps(run_id, v1::STEP_KIND_RECREATE);
  }
  if (goes_on && IsCancelled(run_id)) {
    Report(run_id, v1::RUN_STATE_CANCELLED, nullptr);
  } else if (goes_on && UpTo(9) == 0) {
    Report(run_id, v1::RUN_STATE_ROLLED_BACK, nullptr);
  } else if (goes_on && book_.Record(run_id, committed).ok()) {
    Report(run_id, v1::RUN_STATE_COMMITTED, &result);
    if (Steps(run_id, v1::STEP_KIND_CACHE)) Report(run_id, v1::RUN_STATE_SUCCEEDED, &result);
  }
  base::MutexLock lock(mutex_);
  active_.clear();
}

}  // namespace resetctl::bench

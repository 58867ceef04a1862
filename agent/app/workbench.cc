#include "agent/app/workbench.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/app/version.h"
#include "proto/base/failpoint.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

v1::Problem TooMany(absl::string_view of_what) {
  return contract::MakeProblem(
      v1::REASON_RATE_LIMITED,
      absl::StrCat(Waiting::kMost, " ", of_what, " for this target wait already"),
      "Wait a minute, then try again.");
}

v1::Problem AboutToStop() {
  return contract::MakeProblem(v1::REASON_DRAINING, "the agent is about to stop",
                               "Try again when it is back.");
}

}  // namespace

Workbench::Workbench(const AgentParts& parts, RunBook& book, absl::Duration ledger_retry,
                     const std::string& state_dir)
    : parts_(parts),
      book_(book),
      settler_(parts, book, ledger_retry),
      executor_(parts, book, settler_),
      recovery_(parts, book, settler_),
      plan_maker_(parts),
      rebinder_(parts, state_dir),
      instance_(base::ToHex(base::RandomBytes(16))) {}

void Workbench::Start(Reply reply) {
  reply_ = std::move(reply);
  settler_.SetMeanwhile([this] { DoRebinds(); });
  parts_.plans.RemoveExpiredBefore(parts_.clock.Now() - absl::Hours(24 * 30));
  LookAround();
  std::string settling;
  for (const std::string& run_id : book_.OpenRuns()) {
    if (IsEnd(book_.Facts(run_id).State())) continue;
    settling = run_id;
    TakeTurn(run_id);  // until it is settled, the target is busy with it
    break;
  }
  runs_.Post([this, settling] {
    recovery_.SettleOpenRuns();
    if (!settling.empty()) EndTurn(settling);
  });
}

void Workbench::Drain() {
  base::MutexLock lock(mutex_);
  stopping_ = true;
}

bool Workbench::Draining() {
  base::MutexLock lock(mutex_);
  return stopping_;
}

void Workbench::Stop() {
  Drain();
  settler_.Stop();
  plans_.Stop();
  runs_.Stop();
}

void Workbench::LookAround() {
  absl::StatusOr<DatabaseCheck> check = parts_.database.Check();
  contract::RedisSpec spec;
  spec.flush = contract::FlushMode::kNone;  // who, not how much
  v1::CachePlan cache = parts_.cache.MakeSurvey(spec);
  std::string problem;
  if (!check.ok()) {
    v1::Problem why = contract::ProblemOf(check.status());
    parts_.scrubber.Scrub(&why);
    problem = why.message();
    parts_.witness.TakeTargets(contract::ErrorFrom(why));
  } else if (!check->marker_environment.empty() &&
             (check->marker_environment != parts_.identity.environment ||
              check->marker_target != parts_.identity.target)) {
    problem = absl::StrCat("the database is marked as ", check->marker_environment, "/",
                           check->marker_target);
  }
  if (check.ok()) parts_.witness.TakeTargets(check->seen_log);
  base::MutexLock lock(mutex_);
  if (check.ok()) database_ = check->identity;
  cache_ = std::move(cache);
  if (problem != database_problem_ && !problem.empty()) {
    base::Log(base::LogLevel::kWarning, "database not usable", {{"why", problem}});
  }
  database_problem_ = std::move(problem);
}

v1::AgentHello Workbench::MakeHello() {
  v1::AgentHello hello;
  parts_.witness.FillHello(&hello);  // first: an alarm ends with what was accepted
  hello.set_version(kVersion);
  hello.set_instance(instance_);
  hello.set_environment(parts_.identity.environment);
  hello.set_target(parts_.identity.target);
  hello.set_same_owner_accepted(parts_.trust.accept_same_owner());
  absl::StatusOr<Trust> trust = parts_.trust.Load();
  if (trust.ok()) {
    hello.set_floor_digest(trust->floor.digest);
    hello.set_floor_summary(trust->floor.summary);
  } else {
    hello.set_problem(contract::ProblemOf(trust.status()).message());
  }
  absl::Status may_work = CheckMayWork(parts_);
  if (!may_work.ok() && hello.problem().empty()) {
    hello.set_problem(contract::ProblemOf(may_work).message());
  }
  base::MutexLock lock(mutex_);
  *hello.mutable_database() = database_;
  *hello.mutable_cache() = cache_;
  if (hello.problem().empty()) hello.set_problem(database_problem_);
  return hello;
}

void Workbench::TakePlanOrder(v1::PlanOrder order) {
  const bool draining = Draining();
  if (draining || !waiting_plans_.Enter()) {
    v1::AttachRequest message;
    message.mutable_plan_reply()->set_order_id(order.order_id());
    *message.mutable_plan_reply()->add_problems() = draining ? AboutToStop() : TooMany("plans");
    reply_(std::move(message));
    return;
  }
  plans_.Post([this, order = std::move(order)] {
    v1::AttachRequest message;
    *message.mutable_plan_reply() = plan_maker_.MakePlan(order);
    waiting_plans_.Leave();
    reply_(std::move(message));
    LookAround();
  });
}

void Workbench::TakeRebind(v1::RebindOrder order) {
  const bool draining = Draining();
  if (draining || !waiting_rebinds_.Enter()) {
    v1::AttachRequest message;
    message.mutable_rebind_reply()->set_order_id(order.order_id());
    *message.mutable_rebind_reply()->add_problems() = draining ? AboutToStop() : TooMany("rebinds");
    reply_(std::move(message));
    return;
  }
  {
    base::MutexLock lock(mutex_);
    rebinds_.push_back(std::move(order));
  }
  runs_.Post([this] { DoRebinds(); });
  settler_.Wake();
}

void Workbench::DoRebinds() {
  for (;;) {
    v1::RebindOrder order;
    {
      base::MutexLock lock(mutex_);
      if (rebinds_.empty()) return;
      order = std::move(rebinds_.front());
      rebinds_.pop_front();
    }
    v1::AttachRequest message;
    v1::RebindReply& reply = *message.mutable_rebind_reply();
    reply = rebinder_.Rebind(order);
    if (reply.problems().empty()) settler_.Rebound(reply.database().system_identifier());
    waiting_rebinds_.Leave();
    LookAround();
    reply_(std::move(message));
  }
}

void Workbench::TakeTwin(v1::TwinOrder order) {
  const bool draining = Draining();
  if (draining || !waiting_twins_.Enter()) {
    v1::AttachRequest message;
    message.mutable_twin_reply()->set_order_id(order.order_id());
    *message.mutable_twin_reply()->mutable_problem() =
        draining ? AboutToStop() : TooMany("looks for twins");
    if (!order.order_id().empty()) reply_(std::move(message));
    return;
  }
  plans_.Post([this, order = std::move(order)] {
    v1::AttachRequest message;
    v1::TwinReply& reply = *message.mutable_twin_reply();
    reply.set_order_id(order.order_id());
    absl::Status status;
    if (order.hold() || order.lock_key() == 0) {
      status = parts_.database.HoldTwinLock(order.lock_key());
      reply.set_there(status.ok());
    } else {
      const absl::StatusOr<bool> seen = parts_.database.SeesTwinLock(order.lock_key());
      status = seen.status();
      reply.set_there(seen.ok() && *seen);
    }
    waiting_twins_.Leave();
    if (!status.ok()) {
      *reply.mutable_problem() = contract::ProblemOf(status);
      parts_.scrubber.Scrub(reply.mutable_problem());
    }
    if (!order.order_id().empty()) reply_(std::move(message));
  });
}

std::string Workbench::TakeTurn(const std::string& run_id) {
  base::MutexLock lock(mutex_);
  std::string before = turn_;
  if (turn_.empty()) turn_ = run_id;
  return before;
}

void Workbench::PostTurn(const std::string& run_id, bool repeated, std::function<void()> work) {
  if (repeated && !waiting_repeats_.Enter()) return;
  runs_.Post([this, run_id, repeated, work = std::move(work)] {
    if (repeated) waiting_repeats_.Leave();
    work();
    EndTurn(run_id);
  });
}

void Workbench::EndTurn(const std::string& run_id) {
  base::MutexLock lock(mutex_);
  if (turn_ == run_id) turn_.clear();
}

void Workbench::Answer(v1::OfferReply reply) {
  v1::AttachRequest message;
  *message.mutable_offer_reply() = std::move(reply);
  reply_(std::move(message));
}

void Workbench::TakeOffer(v1::RunOffer offer) {
  base::Failpoint("agent.offer.received");
  const std::string run_id = offer.run_id();
  const bool draining = Draining();
  const std::string before = draining ? "" : TakeTurn(run_id);
  if (!draining && (before.empty() || before == run_id)) {
    PostTurn(run_id, before == run_id, [this, offer = std::move(offer)] {
      executor_.Offer(offer, [this](v1::OfferReply reply) { Answer(std::move(reply)); });
    });
    return;
  }
  const v1::Problem problem =
      draining ? AboutToStop()
               : contract::MakeProblem(v1::REASON_TARGET_BUSY,
                                       absl::StrCat("the target is busy with run ", before),
                                       absl::StrCat("Wait for its end: resetctl watch ", before));
  // Journaled, so that the refused offer cannot come back later. A run that has a journal keeps it: what it says is the truth.
  if (IsRunId(run_id) && !book_.IsOpen(run_id)) {
    if (book_.Reopen(run_id).ok()) {
      book_.PutAway(run_id);
    } else if (book_.Open(run_id).ok()) {
      settler_.Refuse(run_id, problem);
    }
  }
  Answer(Refusal(run_id, problem));
}

void Workbench::TakeResume(v1::ResumeOffer offer) {
  const std::string run_id = offer.run_id();
  if (Draining()) return Answer(Refusal(run_id, AboutToStop()));
  const std::string before = TakeTurn(run_id);
  if (!before.empty() && before != run_id) {
    Answer(
        Refusal(run_id, contract::MakeProblem(v1::REASON_TARGET_BUSY,
                                              absl::StrCat("the target is busy with run ", before),
                                              "Wait for its end, then resume.")));
    return;
  }
  PostTurn(run_id, before == run_id, [this, offer = std::move(offer)] {
    executor_.Resume(offer, [this](v1::OfferReply reply) { Answer(std::move(reply)); });
  });
}

void Workbench::AnswerExpected(const std::string& run_id) {
  bool at_work = false;
  {
    base::MutexLock lock(mutex_);
    at_work = turn_ == run_id;
  }
  if (!at_work) {
    if (!waiting_expected_.Enter()) return;  // the next welcome asks again
    runs_.Post([this, run_id] {
      waiting_expected_.Leave();
      // While the target cannot say, an offer is better told so than left waiting.
      TakeTurn(run_id);
      base::Failpoint("agent.expected.taken");
      recovery_.AnswerExpected(run_id);
      EndTurn(run_id);
    });
    return;
  }
  // Its answer is on the way, or was lost with the stream that it was given to.
  const RunFacts facts = book_.Facts(run_id);
  if (!facts.fence || facts.ended) return;
  v1::OfferReply reply;
  reply.set_run_id(run_id);
  reply.set_accepted(true);
  reply.set_fence(*facts.fence);
  Answer(std::move(reply));
}

}  // namespace resetctl::agent

#include "agent/service/run_executor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/failpoint.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

using contract::Error;

constexpr char kQueryCancelled[] = "57014";

absl::Status NotJournaled(const absl::Status& why) {
  if (absl::IsResourceExhausted(why)) return why;  // too many open runs
  return Error(v1::REASON_JOURNAL_UNAVAILABLE,
               absl::StrCat("the agent's journal cannot be written: ", base::Str(why.message())),
               "Check the agent's state directory: its owner and the space on its disk.");
}

absl::Status Cancelled() {
  return Error(v1::REASON_CANCELLED, "the run was cancelled; nothing was changed", "");
}

}  // namespace

v1::OfferReply Refusal(absl::string_view run_id, const v1::Problem& problem) {
  v1::OfferReply reply;
  reply.set_run_id(base::Str(run_id));
  *reply.mutable_problem() = problem;
  return reply;
}

// Numbers, scrubs and journals what the database says of its steps.
class RunExecutor::Observer : public StepObserver {
 public:
  Observer(RunExecutor& executor, const RunMaterial& material)
      : executor_(executor), material_(material) {}

  void OnStep(const StepNote& note) override {
    StepNote scrubbed = note;
    scrubbed.detail = material_.scrubber.Scrub(note.detail);
    if (scrubbed.problem) material_.scrubber.Scrub(&*scrubbed.problem);
    executor_.book_.Say(material_.run_id, scrubbed);
  }

  absl::Status OnAboutToCommit(const CommitFacts& facts) override {
    if (executor_.cancelled_) return Cancelled();
    v1::JournalRecord record;
    v1::JournalCommit& commit = *record.mutable_about_to_commit();
    commit.set_xid(facts.xid);
    commit.set_backend_pid(facts.backend_pid);
    commit.set_timeline(facts.timeline);
    commit.set_wal_lsn(facts.wal_lsn);
    // Nothing is committed that the journal does not know of.
    const absl::Status kept = executor_.book_.Record(material_.run_id, record);
    return kept.ok() ? kept : NotJournaled(kept);
  }

 private:
  RunExecutor& executor_;
  const RunMaterial& material_;
};

// The run that is worked on, for as long as this lives.
class RunExecutor::Active {
 public:
  Active(RunExecutor& executor, const std::string& run_id) : executor_(executor) {
    base::MutexLock lock(executor_.mutex_);
    executor_.active_ = run_id;
    executor_.cancelled_ = executor_.cancel_ahead_ == run_id;
    executor_.cancel_ahead_.clear();
  }
  ~Active() {
    base::MutexLock lock(executor_.mutex_);
    executor_.active_.clear();
    executor_.phase_ = Phase::kIdle;
  }
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;

 private:
  RunExecutor& executor_;
};

std::string RunExecutor::ActiveRun() const {
  base::MutexLock lock(mutex_);
  return active_;
}

void RunExecutor::Enter(Phase phase) {
  base::MutexLock lock(mutex_);
  phase_ = phase;
}

void RunExecutor::Cancel(absl::string_view run_id) {
  base::Failpoint("agent.cancel.received");
  Phase phase = Phase::kIdle;
  {
    base::MutexLock lock(mutex_);
    if (active_ != run_id) {
      cancel_ahead_ = base::Str(run_id);
      return;
    }
    cancelled_ = true;
    phase = phase_;
    // Under the lock, for it only sets a flag: once the phase has changed it would end an undo.
    if (phase == Phase::kBefore) parts_.hooks.Cancel();
  }
  base::Log(base::LogLevel::kInfo, "cancel requested", {{"run", run_id}});
  // Outside the lock: harmless when the phase has just changed. The flag is looked at before the reset begins and once more
  // before COMMIT.
  if (phase == Phase::kReset) parts_.database.CancelReset();
}

bool RunExecutor::AnswerAgain(const std::string& run_id, const OfferAnswer& answer) {
  const bool was_open = book_.IsOpen(run_id);
  if (!was_open && !book_.Reopen(run_id).ok()) return false;
  const RunFacts facts = book_.Facts(run_id);
  if (facts.fence) {
    v1::OfferReply reply;
    reply.set_run_id(run_id);
    reply.set_accepted(true);
    reply.set_fence(*facts.fence);
    answer(std::move(reply));
  } else {
    answer(Refusal(run_id, facts.ended ? facts.ended->problem()
                                       : contract::MakeProblem(v1::REASON_WRONG_STATE,
                                                               "the run was offered before", "")));
  }
  book_.PutAway(run_id);
  return true;
}

absl::StatusOr<int64_t> RunExecutor::Accept(const v1::RunOffer& offer, RunMaterial* material) {
  absl::StatusOr<RunMaterial> prepared = PrepareRun(parts_, offer);
  if (!prepared.ok()) return prepared.status();
  *material = *std::move(prepared);
  base::Failpoint("agent.offer.verified");
  // Of an offer that was not verified only the refusal is kept: whoever sends it could fill memory and disk with it.
  v1::JournalRecord taken;
  *taken.mutable_offer() = offer;
  const absl::Status kept = book_.Record(offer.run_id(), taken);
  if (!kept.ok()) return NotJournaled(kept);
  base::Failpoint("agent.offer.journaled");
  settler_.CloseLeftClaims();
  const absl::StatusOr<std::string> last_commit = parts_.commits.LastCommit();
  if (!last_commit.ok()) return NotJournaled(last_commit.status());
  absl::StatusOr<int64_t> fence =
      parts_.database.Claim({material->run_id, material->plan_digest, material->nonce,
                             material->runner, *last_commit, parts_.witness.Seen()});
  if (contract::ReasonOf(fence.status()) == v1::REASON_COMMIT_LOST) {
    const absl::Status kept_lost = parts_.commits.Lost(*last_commit);
    return kept_lost.ok() ? parts_.commits.Check() : NotJournaled(kept_lost);
  }
  if (!fence.ok()) return fence.status();
  v1::JournalRecord record;
  record.mutable_claim()->set_fence(*fence);
  absl::Status journaled = book_.Record(offer.run_id(), record);
  base::Failpoint("agent.claim.journaled");
  if (journaled.ok()) return fence;
  parts_.database.CloseClaim(offer.run_id(), "REFUSED").IgnoreError();
  return NotJournaled(journaled);
}

void RunExecutor::Offer(const v1::RunOffer& offer, const OfferAnswer& answer) {
  const std::string& run_id = offer.run_id();
  if (!IsRunId(run_id)) {
    answer(Refusal(run_id, contract::MakeProblem(v1::REASON_INVALID_ARGUMENT,
                                                 "the offer's run id is malformed", "")));
    return;
  }
  if (AnswerAgain(run_id, answer)) return;
  Active active(*this, run_id);
  const absl::Status opened = book_.Open(run_id);
  if (!opened.ok()) return answer(Refusal(run_id, contract::ProblemOf(NotJournaled(opened))));
  base::Failpoint("agent.journal.opened");
  RunMaterial material;
  absl::StatusOr<int64_t> fence = Accept(offer, &material);
  if (!fence.ok()) {
    v1::Problem problem = contract::ProblemOf(fence.status());
    ScrubberFor(parts_, material.parameters).Scrub(&problem);
    base::Log(base::LogLevel::kWarning, "offer refused",
              {{"run", run_id},
               {"reason", contract::NameOf(problem.reason())},
               {"why", problem.message()}});
    answer(Refusal(run_id, problem));
    settler_.Refuse(run_id, problem);
    return;
  }
  v1::OfferReply reply;
  reply.set_run_id(run_id);
  reply.set_accepted(true);
  reply.set_fence(*fence);
  answer(std::move(reply));
  base::Failpoint("agent.offer.answered");
  Execute(material, *fence);
}

void RunExecutor::Execute(const RunMaterial& material, int64_t fence) {
  StepNote verified;
  verified.step = v1::STEP_KIND_VERIFY;
  verified.kind = v1::EVENT_KIND_SUCCEEDED;
  verified.detail = absl::StrCat("plan, statements, floor and identity verified; fence ", fence);
  book_.Say(material.run_id, verified);

  Enter(Phase::kBefore);
  absl::Status before = settler_.hooks().RunBefore(material, cancelled_);
  if (before.ok() && cancelled_) before = Cancelled();
  if (!before.ok()) {
    Enter(Phase::kAfter);
    settler_.EndUnchanged(material, contract::ProblemOf(before));
    return;
  }

  ResetOrder order;
  order.run_id = material.run_id;
  order.plan_digest = material.plan_digest;
  order.fence = fence;
  order.plan = &material.plan;
  order.blueprint = &material.blueprint;
  order.bundle = &material.bundle;
  order.steps = material.steps;
  order.parameters = &material.parameters;
  order.rules = material.rules;
  Observer observer(*this, material);
  const absl::Duration start = parts_.clock.Steady();
  Enter(Phase::kReset);
  base::Failpoint("agent.reset.begin");
  ResetOutcome outcome = parts_.database.Reset(order, observer);
  base::Failpoint("agent.reset.ended");
  Enter(Phase::kAfter);

  if (outcome.end == ResetEnd::kInDoubt) {
    base::Log(base::LogLevel::kWarning, "commit in doubt", {{"run", material.run_id}});
    LedgerReading reading =
        settler_.AwaitLedger(material.run_id, material.plan.database().system_identifier());
    if (reading.answer == LedgerAnswer::kNotCertain) return;  // stopping; the next process goes on
    if (reading.answer == LedgerAnswer::kOtherTimeline) {
      return settler_.EndLost(material.run_id, &material, /*undo_lost=*/false, reading.bound_anew,
                              v1::RunResult());
    }
    if (reading.answer == LedgerAnswer::kCommitted) {
      outcome.end = ResetEnd::kCommitted;
      outcome.result = reading.result;
    } else {
      outcome.end = ResetEnd::kRolledBack;
      // No longer in doubt: the words of the doubt would be wrong now.
      outcome.problem = contract::MakeProblem(
          v1::REASON_DATABASE_UNREACHABLE,
          "the connection was lost at the commit, and the database's ledger does not know the run: "
          "it was rolled back",
          "Run the plan again.");
    }
  }
  if (outcome.end == ResetEnd::kCommitted) {
    if (!outcome.result.has_took()) {
      const absl::Duration took = parts_.clock.Steady() - start;
      outcome.result.mutable_took()->set_seconds(absl::ToInt64Seconds(took));
      outcome.result.mutable_took()->set_nanos(
          static_cast<int32_t>(absl::ToInt64Nanoseconds(took % absl::Seconds(1))));
    }
    settler_.EndCommitted(material, std::move(outcome.result));
    return;
  }
  if (cancelled_ && outcome.problem.sqlstate() == kQueryCancelled) {
    outcome.problem = contract::ProblemOf(Cancelled());
  }
  settler_.EndUnchanged(material, std::move(outcome.problem));
}

// Nothing more is done after a commit that the database has lost meanwhile.
absl::Status RunExecutor::CheckCommitStands(const RunMaterial& material) {
  const LedgerReading reading =
      settler_.AskLedger(material.run_id, material.plan.database().system_identifier());
  if (reading.answer == LedgerAnswer::kCommitted) return absl::OkStatus();
  if (reading.answer == LedgerAnswer::kNotCertain) {
    return Error(
        v1::REASON_OUTCOME_UNKNOWN,
        absl::StrCat("the database cannot say at present whether the run's commit stands: ",
                     reading.why),
        "Resume it again in a while.");
  }
  absl::Status kept = parts_.commits.Lost(material.run_id);
  return kept.ok() ? parts_.commits.Check() : NotJournaled(kept);
}

absl::StatusOr<RunMaterial> RunExecutor::PrepareResume(const v1::ResumeOffer& offer) {
  const RunFacts facts = book_.Facts(offer.run_id());
  if (!facts.committed || !facts.ended || !facts.offer ||
      facts.ended->state() != v1::RUN_STATE_NEEDS_ATTENTION) {
    return Error(v1::REASON_WRONG_STATE,
                 "the run has nothing left to do that a resume could repeat",
                 "`resetctl show` tells its state.");
  }
  if (facts.ended->problem().reason() == v1::REASON_COMMIT_LOST) {
    return Error(v1::REASON_COMMIT_LOST,
                 "the database has lost this run's commit (a failover or a restore)",
                 "The target needs a signed rebind before anything else.");
  }
  if (absl::Status lost = parts_.commits.Check(); !lost.ok()) return lost;
  if (absl::Status log = parts_.witness.Check(); !log.ok()) return log;
  if (facts.offer->document() != offer.document()) {
    return Error(v1::REASON_DIGEST_MISMATCH, "the resume names another plan than the run had",
                 "Resume the run with its own plan.");
  }
  absl::StatusOr<Trust> trust = parts_.trust.Load();
  if (!trust.ok()) return trust.status();
  absl::StatusOr<VerifiedResume> verified =
      VerifyResume(offer, parts_.identity, parts_.key, *trust, parts_.clock.Now());
  if (!verified.ok()) return verified.status();
  if (facts.resume_statements.count(offer.resume_statement().text()) > 0) {
    return Error(v1::REASON_STATEMENT_REPLAYED, "this resume statement was used before",
                 "Sign a new one.");
  }
  absl::StatusOr<RunMaterial> material = RebuildRun(parts_, *facts.offer);
  if (!material.ok()) return material.status();
  absl::Status stands = CheckCommitStands(*material);
  if (!stands.ok()) return stands;
  v1::JournalRecord record;
  *record.mutable_resume() = offer;
  absl::Status journaled = book_.Record(offer.run_id(), record);
  if (!journaled.ok()) return NotJournaled(journaled);
  base::Failpoint("agent.resume.journaled");
  return material;
}

void RunExecutor::Resume(const v1::ResumeOffer& offer, const OfferAnswer& answer) {
  const std::string& run_id = offer.run_id();
  if (!IsRunId(run_id) || (!book_.IsOpen(run_id) && !book_.Reopen(run_id).ok())) {
    answer(Refusal(run_id, contract::MakeProblem(
                               v1::REASON_NOT_FOUND, "this agent has no journal of the run",
                               "Do the steps that are left by hand; `resetctl show` names them.")));
    return;
  }
  Active active(*this, run_id);
  absl::StatusOr<RunMaterial> material = PrepareResume(offer);
  if (!material.ok()) {
    v1::Problem problem = contract::ProblemOf(material.status());
    parts_.scrubber.Scrub(&problem);
    answer(Refusal(run_id, problem));
    book_.PutAway(run_id);
    return;
  }
  const RunFacts facts = book_.Facts(run_id);
  v1::OfferReply reply;
  reply.set_run_id(run_id);
  reply.set_accepted(true);
  reply.set_fence(facts.fence.value_or(0));
  answer(std::move(reply));
  Enter(Phase::kAfter);
  settler_.EndCommitted(*material, *facts.committed);
}

}  // namespace resetctl::agent

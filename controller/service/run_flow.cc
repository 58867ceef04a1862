#include "controller/service/run_flow.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "controller/domain/plan_state.h"
#include "controller/domain/run_evidence.h"
#include "controller/domain/run_state.h"
#include "controller/service/wire_time.h"
#include "proto/base/failpoint.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

// A starter who does not watch within this time is as good as lost; the end of the hold asks again.
constexpr absl::Duration kStarterGrace = absl::Seconds(3);

// To verify an offer an agent asks ssh-keygen, the cache and the database, each with its own limit of seconds.
constexpr absl::Duration kAnswerWithin = absl::Minutes(1);
// Before something that could not be written down is tried again.
constexpr absl::Duration kRetry = absl::Seconds(5);

std::string LowerName(v1::RunState state) { return absl::AsciiStrToLower(NameOf(state)); }

Act ActOn(const RunRecord& run, absl::string_view action = "") {
  return {.action = base::Str(action),
          .subject = run.id,
          .environment = run.environment,
          .target = run.target};
}

}  // namespace

bool HasEndedForNow(v1::RunState state) { return !IsActive(state); }

absl::StatusOr<std::vector<v1::RunState>> PathTo(v1::RunState from, v1::RunState reported) {
  using Path = std::vector<v1::RunState>;
  if (from == reported) return Path();
  const bool committed = from == v1::RUN_STATE_COMMITTED || from == v1::RUN_STATE_SUCCEEDED ||
                         from == v1::RUN_STATE_NEEDS_ATTENTION;
  const bool early = reported == v1::RUN_STATE_OFFERED || reported == v1::RUN_STATE_RUNNING ||
                     reported == v1::RUN_STATE_UNKNOWN;
  // Old news. Only a person's resume leads from NEEDS_ATTENTION back to COMMITTED.
  if (committed && (early || reported == v1::RUN_STATE_COMMITTED)) return Path();
  if (IsTerminal(from) && early) return Path();
  if (CanMove(from, reported)) return Path{reported};
  if (CanMove(from, v1::RUN_STATE_COMMITTED) && CanMove(v1::RUN_STATE_COMMITTED, reported)) {
    return Path{v1::RUN_STATE_COMMITTED, reported};
  }
  return CheckMove(from, reported);
}

absl::Status RunFlow::Apply(RunRecord* run, Move move) {
  const absl::Time now = desk_.clock.Now();
  const v1::RunState last = move.path.back();
  RunRecord next = *run;
  if (move.problem) {
    next.problem = move.problem;
  } else if (last == v1::RUN_STATE_COMMITTED || last == v1::RUN_STATE_SUCCEEDED) {
    next.problem.reset();
  }
  for (const v1::RunState state : move.path) {
    absl::Status legal = state == next.state ? absl::OkStatus() : CheckMove(next.state, state);
    if (!legal.ok()) return legal;
    next.state = state;
    next.end_time.reset();
    if (HasEndedForNow(state)) {
      next.end_time = now;
      next.audit_entry = kThisCommit;
    }
    move.also.Add(UpdateRun{next});
    ++next.version;
  }

  const v1::Reason why = next.problem ? next.problem->reason() : v1::REASON_UNSPECIFIED;
  std::optional<v1::PlanState> plan_state = PlanAfterRun(last, why);
  if (plan_state) {
    absl::StatusOr<PlanRecord> plan = desk_.plans.GetPlan(next.plan_id);
    if (!plan.ok()) return plan.status();
    if (*plan_state == v1::PLAN_STATE_APPROVED && !next.break_glass.empty()) {
      absl::StatusOr<std::vector<ApprovalRecord>> approvals = desk_.plans.ListApprovals(plan->id);
      if (!approvals.ok()) return approvals.status();
      plan_state = StateByQuorum(*desk_.policy.Get(), *plan, *approvals, desk_.clock.Now());
    }
    if (CanMove(plan->state, *plan_state)) {
      plan->state = *plan_state;
      if (*plan_state == v1::PLAN_STATE_STALE && next.problem) {
        plan->state_reason = next.problem->message();
      } else if (*plan_state == v1::PLAN_STATE_CONSUMED) {
        const bool lost = next.problem && next.problem->reason() == v1::REASON_COMMIT_LOST;
        plan->state_reason =
            absl::StrCat(lost ? "used up; the commit is lost: " : "committed by ", next.id);
      }
      move.also.Add(UpdatePlan{*plan});
    }
  }

  v1::AuditEntry& entry = move.entry;
  if (entry.action().empty()) {
    entry.set_action(HasEndedForNow(last) ? "run.end" : absl::StrCat("run.", LowerName(last)));
  }
  if (move.problem) {
    entry.set_outcome(contract::NameOf(move.problem->reason()));
    entry.set_detail(move.problem->message());
  }
  AddRunEvidence(next, &entry);

  absl::StatusOr<CommitReceipt> done =
      desk_.committer.Commit(move.also, AuditTrail(std::move(entry)));
  if (!done.ok()) return done.status();
  absl::StatusOr<RunRecord> stored = desk_.runs.GetRun(next.id);
  if (!stored.ok()) return stored.status();
  *run = *std::move(stored);
  base::Log(base::LogLevel::kInfo, "run moved",
            {{"run", run->id}, {"state", NameOf(run->state)}, {"target", run->target}});
  if (run->state != v1::RUN_STATE_HELD) {
    base::MutexLock lock(mutex_);
    starters_.erase(run->id);
  }
  desk_.watchers.Notify(run->id);
  return absl::OkStatus();
}

absl::Status RunFlow::Offer(RunRecord* run) {
  const absl::Time now = desk_.clock.Now();
  const AgentHub::Key key{run->environment, run->target};
  Move move;
  move.entry = EntryBySystem(ActOn(*run), now);
  if (const absl::Status agent = CheckAgent(desk_, key); !agent.ok()) {
    move.path = {v1::RUN_STATE_CANCELLED};
    move.problem =
        contract::MakeProblem(contract::ReasonOf(agent),
                              absl::StrCat(contract::ProblemOf(agent).message(),
                                           ", and the run was to start now; nothing was done"),
                              "start reset-agent beside the database, then run the plan again");
    return Apply(run, std::move(move));
  }
  absl::StatusOr<PlanRecord> plan = desk_.plans.GetPlan(run->plan_id);
  if (!plan.ok()) return plan.status();
  absl::StatusOr<std::vector<ApprovalRecord>> approvals = desk_.plans.ListApprovals(plan->id);
  if (!approvals.ok()) return approvals.status();

  v1::AttachResponse message;
  v1::RunOffer* offer = message.mutable_offer();
  offer->set_run_id(run->id);
  offer->set_document(plan->document);
  offer->set_mac(plan->mac);
  *offer->mutable_plan_statement() = plan->plan_statement;
  for (const ApprovalStanding& standing : StandingOf(*desk_.policy.Get(), *plan, *approvals, now)) {
    if (standing.counts) *offer->add_approvals() = standing.approval->statement;
  }
  *offer->mutable_run_statement() = run->run_statement;
  if (run->start_before != absl::InfiniteFuture()) {
    SetTime(run->start_before, offer->mutable_start_before());
  }

  run->start_time = now;
  move.path = {v1::RUN_STATE_OFFERED};
  AwaitAnswer(run->id, kAnswerWithin);
  absl::Status status = Apply(run, std::move(move));
  if (!status.ok()) return status;
  base::Failpoint("controller.offer.stored");
  // Every entry that the offer rests on is committed by now: the newest checkpoint covers them.
  witnesses_.FillOffer(*run, offer);
  // Written down first: an offer that was sent is never forgotten. One that is lost here comes back as REFUSED with the
  // agent's next hello.
  desk_.agents.Send(key, std::move(message));
  base::Failpoint("controller.offer.sent");
  return absl::OkStatus();
}

void RunFlow::AwaitAnswer(const std::string& run_id, absl::Duration patience) {
  desk_.scheduler.After(patience, [this, run_id] { OfferUnanswered(run_id); });
}

void RunFlow::OfferUnanswered(const std::string& run_id) {
  base::MutexLock deciding(desk_.deciding);
  absl::StatusOr<RunRecord> run = desk_.runs.GetRun(run_id);
  if (absl::IsNotFound(run.status()) || (run.ok() && run->state != v1::RUN_STATE_OFFERED)) return;
  absl::Status status = run.status();
  if (status.ok()) {
    status = BecomeUnknown(&*run,
                           "the agent has not answered the offer, so the outcome is not known yet",
                           "the agent is asked again; do not reset by other means");
  }
  if (!status.ok()) {
    base::Log(base::LogLevel::kError, "a run could not be marked unknown",
              {{"run", run_id}, {"error", status.message()}});
    AwaitAnswer(run_id, kRetry);
    return;
  }
  // The welcome of its next stream asks for the run.
  desk_.agents.Close({run->environment, run->target},
                     absl::AbortedError("an offer was not answered; attach again"));
}

// ---- the hold ----

void RunFlow::StartHold(const RunRecord& run) {
  const std::string id = run.id;
  const absl::Duration hold = run.hold_until - run.create_time;
  if (!run.detached) {
    {
      base::MutexLock lock(mutex_);
      starters_.try_emplace(id);
    }
    desk_.scheduler.After(std::min(kStarterGrace, hold), [this, id] {
      if (StarterIsLost(id)) CancelHeld(id, "the person who ordered it went away");
    });
  }
  desk_.scheduler.After(hold, [this, id] { EndHold(id); });
}

bool RunFlow::StarterIsLost(const std::string& run_id) {
  base::MutexLock lock(mutex_);
  const auto found = starters_.find(run_id);
  return found != starters_.end() && found->second.watches == 0;
}

void RunFlow::StarterCame(const std::string& run_id) {
  base::MutexLock lock(mutex_);
  const auto found = starters_.find(run_id);
  if (found != starters_.end()) ++found->second.watches;
}

void RunFlow::StarterLeft(const std::string& run_id) {
  {
    base::MutexLock lock(mutex_);
    const auto found = starters_.find(run_id);
    if (found == starters_.end() || --found->second.watches > 0) return;
  }
  CancelHeld(run_id, "the person who ordered it went away");
}

void RunFlow::CancelHeld(const std::string& run_id, absl::string_view why) {
  base::MutexLock deciding(desk_.deciding);
  absl::StatusOr<RunRecord> run = desk_.runs.GetRun(run_id);
  if (!run.ok()) {
    if (!absl::IsNotFound(run.status())) CancelLater(run_id, why);
    return;
  }
  if (run->state != v1::RUN_STATE_HELD) return;
  Move move;
  move.path = {v1::RUN_STATE_CANCELLED};
  move.problem =
      contract::MakeProblem(v1::REASON_CANCELLED, absl::StrCat("cancelled before it began: ", why),
                            "nothing was changed; run the plan again");
  move.entry = EntryBySystem(ActOn(*run), desk_.clock.Now());
  const absl::Status status = Apply(&*run, std::move(move));
  if (!status.ok()) {
    base::Log(base::LogLevel::kError, "a held run could not be cancelled",
              {{"run", run_id}, {"error", status.message()}});
    CancelLater(run_id, why);
  }
}

void RunFlow::CancelLater(const std::string& run_id, absl::string_view why) {
  desk_.scheduler.After(kRetry, [this, run_id, why = base::Str(why)] { CancelHeld(run_id, why); });
}

void RunFlow::EndHold(const std::string& run_id) {
  if (StarterIsLost(run_id)) {
    CancelHeld(run_id, "the person who ordered it went away");
    return;
  }
  base::MutexLock deciding(desk_.deciding);
  absl::StatusOr<RunRecord> run = desk_.runs.GetRun(run_id);
  if (absl::IsNotFound(run.status()) || (run.ok() && run->state != v1::RUN_STATE_HELD)) return;
  const absl::Status status = run.ok() ? Offer(&*run) : run.status();
  if (!status.ok()) {
    base::Log(base::LogLevel::kError, "a run could not be offered",
              {{"run", run_id}, {"error", status.message()}});
    // Not offered later: nobody expects it to begin at some other moment than the one that was counted down to.
    CancelLater(run_id, "the controller could not write down its start");
  }
}

// ---- agents' absence ----

std::vector<RunRecord> RunFlow::OpenRuns(const AgentHub::Key& key,
                                         std::vector<v1::RunState> states) {
  RunFilter filter;
  filter.environments = {key.first};
  filter.target = key.second;
  filter.states = std::move(states);
  absl::StatusOr<PageOf<RunRecord>> page = desk_.runs.ListRuns(filter, {500, ""});
  if (page.ok()) return std::move(page->items);
  base::Log(base::LogLevel::kError, "open runs could not be listed",
            {{"target", key.second}, {"error", page.status().message()}});
  return {};
}

absl::Status RunFlow::BecomeUnknown(RunRecord* run, absl::string_view why,
                                    absl::string_view advice) {
  Move move;
  move.path = {v1::RUN_STATE_UNKNOWN};
  move.problem = contract::MakeProblem(v1::REASON_OUTCOME_UNKNOWN, why, advice);
  move.entry = EntryBySystem(ActOn(*run), desk_.clock.Now());
  absl::Status applied = Apply(run, std::move(move));
  base::Failpoint("controller.unknown.stored");
  return applied;
}

void RunFlow::LeaseOver(const AgentHub::Key& key) {
  base::MutexLock deciding(desk_.deciding);
  bool again = false;
  for (RunRecord& run : OpenRuns(key, {v1::RUN_STATE_OFFERED, v1::RUN_STATE_RUNNING})) {
    const absl::Status status =
        BecomeUnknown(&run, "the agent is out of reach, so the outcome is not known yet",
                      "it resolves by itself when the agent is back; do not reset by other means");
    if (!status.ok()) {
      again = true;
      base::Log(base::LogLevel::kError, "a run could not be marked unknown",
                {{"run", run.id}, {"error", status.message()}});
    }
  }
  if (!again) return;
  desk_.scheduler.After(kRetry, [this, key] {
    if (!desk_.agents.IsOnline(key)) LeaseOver(key);
  });
}

void RunFlow::WakeWatchers(const AgentHub::Key& key) {
  for (const RunRecord& run :
       OpenRuns(key, {v1::RUN_STATE_HELD, v1::RUN_STATE_OFFERED, v1::RUN_STATE_RUNNING,
                      v1::RUN_STATE_COMMITTED, v1::RUN_STATE_UNKNOWN})) {
    desk_.watchers.Notify(run.id);
  }
}

std::vector<std::string> RunFlow::ExpectedRuns(const AgentIdentity& agent,
                                               const std::set<std::string>& reported) {
  std::vector<std::string> expected;
  for (const RunRecord& run : OpenRuns({agent.environment, agent.target},
                                       {v1::RUN_STATE_OFFERED, v1::RUN_STATE_RUNNING,
                                        v1::RUN_STATE_COMMITTED, v1::RUN_STATE_UNKNOWN})) {
    if (reported.count(run.id) == 0) expected.push_back(run.id);
  }
  return expected;
}

std::vector<std::string> RunFlow::CancelsToRepeat(const AgentIdentity& agent) {
  std::vector<std::string> ids;
  for (const RunRecord& run :
       OpenRuns({agent.environment, agent.target},
                {v1::RUN_STATE_OFFERED, v1::RUN_STATE_RUNNING, v1::RUN_STATE_UNKNOWN})) {
    if (run.cancel_requested) ids.push_back(run.id);
  }
  return ids;
}

absl::StatusOr<std::set<AgentHub::Key>> RunFlow::Recover() {
  RunFilter filter;
  filter.states = {v1::RUN_STATE_HELD, v1::RUN_STATE_OFFERED, v1::RUN_STATE_RUNNING};
  std::vector<RunRecord> open;
  PageRequest page{500, ""};
  do {
    absl::StatusOr<PageOf<RunRecord>> found = desk_.runs.ListRuns(filter, page);
    if (!found.ok()) return found.status();
    for (RunRecord& run : found->items) open.push_back(std::move(run));
    page.token = found->next_token;
  } while (!page.token.empty());

  std::set<AgentHub::Key> waiting;
  for (const RunRecord& run : open) {
    if (run.state == v1::RUN_STATE_HELD) {
      CancelHeld(run.id, "the controller was restarted");
    } else {
      waiting.insert({run.environment, run.target});
      if (run.state == v1::RUN_STATE_OFFERED) AwaitAnswer(run.id, kAnswerWithin);
    }
  }
  return waiting;
}

}  // namespace resetctl::controller

#include "agent/postgres/locks.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/postgres/blockers.h"
#include "agent/postgres/sequences.h"
#include "proto/base/clock.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

// How long the application's own statements may have to queue behind one attempt.
constexpr absl::Duration kAttempt = absl::Seconds(2);
// Without anybody in the way, generously.
constexpr absl::Duration kOneLock = absl::Milliseconds(2);
constexpr absl::Duration kOneSequence = absl::Milliseconds(10);
// For one who has taken a number and now waits for our table: shorter than the server's deadlock_timeout (1 s), after which
// it could be the application that is ended.
constexpr absl::Duration kForSequences = absl::Milliseconds(500);
constexpr absl::Duration kShortest = absl::Milliseconds(200);

// One statement, so that one statement_timeout bounds both kinds of locks; sorted, so that two of us cannot deadlock. The
// stronger ones first: to raise a lock later is how deadlocks with the application are made.
std::string LockStatement(RunContext& run) {
  std::vector<std::string> truncated, others;
  for (const Oid oid : run.clear.cleared_roots) {
    const bool truncate = run.strategies.at(oid) == ClearStrategy::kTruncate;
    (truncate ? truncated : others).push_back(Alone(run.At(oid)));
  }
  std::string body;
  if (!truncated.empty()) {
    absl::StrAppend(&body, "lock table ", absl::StrJoin(truncated, ", "),
                    " in access exclusive mode; ");
  }
  if (!others.empty()) {
    absl::StrAppend(&body, "lock table ", absl::StrJoin(others, ", "), " in exclusive mode; ");
  }
  return absl::StrCat("do ", run.session.QuoteLiteral(absl::StrCat("begin ", body, "end")));
}

absl::Status GaveUp(const RunContext& run, const std::vector<std::string>& blockers,
                    bool facts_hidden) {
  v1::Problem problem;
  problem.set_reason(v1::REASON_LOCK_TIMEOUT);
  problem.set_message(absl::StrCat(
      "The tables could not be locked within ",
      absl::FormatDuration(run.order.rules.blockers_give_up_after),
      blockers.empty() ? "" : absl::StrCat("; blocked by ", absl::StrJoin(blockers, "; ")), "."));
  problem.set_advice(absl::StrCat(
      "End these transactions or try at a quieter time; the policy's `blockers` says how long to "
      "wait and whether to end them.",
      facts_hidden ? absl::StrCat(" To see their state and age: grant pg_read_all_stats to ",
                                  run.catalog.role, ".")
                   : ""));
  for (const std::string& blocker : blockers) problem.add_objects(blocker);
  return contract::ErrorFrom(problem);
}

// One attempt inside the transaction that `begin` has started. OK: the locks are held, the sequences at their starts.
absl::Status Attempt(RunContext& run, const std::string& statement, absl::Duration patience) {
  absl::Duration deadline = base::RealClock().Steady() + patience;
  // To wait is bounded by `patience`; thousands of locks and new files take their time without waiting for anybody.
  const auto limit = [&run, &deadline](absl::Duration work) {
    const absl::Duration left =
        std::max(deadline - base::RealClock().Steady(), absl::Milliseconds(1));
    return run.session.Execute(
        absl::StrCat("set local lock_timeout = ", absl::ToInt64Milliseconds(left),
                     "; set local statement_timeout = ", absl::ToInt64Milliseconds(left + work)));
  };
  absl::Status status = limit(kOneLock * static_cast<double>(run.clear.cleared.size()));
  if (status.ok()) status = run.session.Execute(statement);
  if (status.ok()) {
    deadline = std::min(deadline, base::RealClock().Steady() + kForSequences);
    status = limit(kOneSequence * static_cast<double>(run.clear.restarted_sequences.size()));
  }
  if (status.ok()) status = RestartSequences(run);
  return status;
}

}  // namespace

absl::Status TakeLocks(RunContext& run, const base::Secret& url,
                       const std::function<absl::Status()>& begin) {
  const absl::Duration deadline =
      base::RealClock().Steady() + run.order.rules.blockers_give_up_after;
  const int64_t tables = static_cast<int64_t>(run.clear.cleared_roots.size());
  const std::string statement = LockStatement(run);
  StepNotes notes(run.observer, v1::STEP_KIND_LOCK, "", tables, "tables");
  absl::BitGen random;
  std::vector<std::string> blockers;
  bool facts_hidden = false;
  for (int attempt = 1;; ++attempt) {
    const absl::Status going = run.control.Check();
    if (!going.ok()) return notes.Fail(going);
    const absl::Status begun = begin();
    if (!begun.ok()) return notes.Fail(begun);
    const absl::Duration left = deadline - base::RealClock().Steady();
    // The first attempt only waits: whoever is at work for a moment may finish it.
    const bool patient = attempt == 1 && left > kAttempt;
    BlockerWatch watch(
        url, run.session.backend_pid(),
        patient ? contract::BlockerAction::kRefuse : run.order.rules.blockers_action);
    const absl::Status taken = Attempt(run, statement, std::clamp(left, kShortest, kAttempt));
    const std::vector<std::string> seen = watch.Stop();
    if (!seen.empty()) blockers = seen;
    facts_hidden = facts_hidden || watch.facts_hidden();
    for (const std::string& ended : watch.ended()) {
      *run.result.add_warnings() = contract::MakeProblem(
          v1::REASON_LOCK_TIMEOUT, absl::StrCat("A session in the way was ", ended, "."));
      notes.Progress(0, ended);
    }
    if (taken.ok()) {
      run.locked_at = base::RealClock().Steady();
      // Whether or not they then need to be truncated.
      const int64_t closed = static_cast<int64_t>(run.clear_order.truncated.size());
      run.result.set_tables_closed(static_cast<int32_t>(closed));
      std::string detail = closed == 0 ? "readers go on reading"
                                       : absl::StrCat("readers of ", Thousands(closed), " wait");
      if (attempt > 1) absl::StrAppend(&detail, "; ", attempt, " attempts");
      notes.Succeed(tables, detail);
      return absl::OkStatus();
    }
    const std::string state = run.session.last_error().sqlstate;
    if (state == "42P01" || state == "3F000" || state == "42809") {
      return notes.Fail(contract::Error(
          v1::REASON_STALE_SCHEMA,
          absl::StrCat("A table of the plan has vanished: ", run.session.last_error().message, "."),
          "Make a new plan."));
    }
    const bool waited = state == "57014" || state == "55P03" || state == "40P01";
    if (!waited || run.session.broken()) return notes.Fail(taken);
    if (run.control.cancelled()) return notes.Fail(run.control.Check());
    const absl::Status released = run.session.Execute("rollback");
    if (!released.ok()) return notes.Fail(released);
    if (base::RealClock().Steady() + kShortest >= deadline)
      return notes.Fail(GaveUp(run, blockers, facts_hidden));
    notes.Progress(0, blockers.empty() ? "waiting" : absl::StrJoin(blockers, "; "));
    const absl::Duration pause = absl::Milliseconds(absl::Uniform(random, 100, 600));
    const absl::Status slept =
        run.control.Sleep(std::min(pause, deadline - base::RealClock().Steady()));
    if (!slept.ok()) return notes.Fail(slept);
  }
}

}  // namespace resetctl::agent

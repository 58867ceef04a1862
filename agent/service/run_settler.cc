#include "agent/service/run_settler.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/failpoint.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

v1::Problem UndoLost() {
  return contract::MakeProblem(v1::REASON_UNDO_FAILED,
                               "steps before the reset were begun and could not be undone",
                               "Undo them by hand; `resetctl show` names them.");
}

}  // namespace

void RunSettler::ReportEnd(absl::string_view run_id, v1::RunState state, const v1::Problem* problem,
                           const v1::RunResult* result) {
  v1::RunReport report;
  report.set_run_id(base::Str(run_id));
  report.set_state(state);
  if (problem != nullptr) *report.mutable_problem() = *problem;
  if (result != nullptr) *report.mutable_result() = *result;
  book_.Report(std::move(report));
}

void RunSettler::CloseClaim(absl::string_view run_id, absl::string_view end) {
  absl::Status closed = parts_.database.CloseClaim(run_id, end);
  if (closed.ok()) return;
  base::Log(
      base::LogLevel::kWarning, "claim not closed yet",
      {{"run", run_id}, {"why", parts_.scrubber.Scrub(contract::ProblemOf(closed).message())}});
  left_claims_.insert({base::Str(run_id), base::Str(end)});
}

void RunSettler::CloseLeftClaims() {
  const auto left = std::move(left_claims_);
  left_claims_.clear();
  for (const auto& [run_id, end] : left) CloseClaim(run_id, end);
}

void RunSettler::Refuse(absl::string_view run_id, const v1::Problem& problem) {
  ReportEnd(run_id, v1::RUN_STATE_REFUSED, &problem, nullptr);
}

void RunSettler::EndUnchanged(const RunMaterial& material, v1::Problem problem) {
  material.scrubber.Scrub(&problem);
  v1::RunResult result;
  for (v1::Problem& undo : hooks_.Undo(material)) *result.add_warnings() = std::move(undo);
  const v1::RunState state = problem.reason() == v1::REASON_CANCELLED ? v1::RUN_STATE_CANCELLED
                                                                      : v1::RUN_STATE_ROLLED_BACK;
  CloseClaim(material.run_id, state == v1::RUN_STATE_CANCELLED ? "CANCELLED" : "ROLLED_BACK");
  ReportEnd(material.run_id, state, &problem, result.warnings().empty() ? nullptr : &result);
}

void RunSettler::EndUnchangedWithoutMaterial(absl::string_view run_id, v1::Problem problem,
                                             bool undo_lost) {
  v1::RunResult result;
  if (undo_lost) {
    *result.add_warnings() = UndoLost();
  }
  CloseClaim(run_id, "ROLLED_BACK");
  parts_.scrubber.Scrub(&problem);
  ReportEnd(run_id, v1::RUN_STATE_ROLLED_BACK, &problem, undo_lost ? &result : nullptr);
}

void RunSettler::EndCommitted(const RunMaterial& material, v1::RunResult result) {
  const RunFacts facts = book_.Facts(material.run_id);
  for (v1::Problem& warning : *result.mutable_warnings()) material.scrubber.Scrub(&warning);
  if (facts.fence && result.fence() == 0) result.set_fence(*facts.fence);
  if (facts.resume_statements.empty()) {
    if (const absl::Status kept = parts_.commits.Committed(material.run_id); !kept.ok()) {
      base::Log(base::LogLevel::kError, "the commit could not be remembered",
                {{"run", material.run_id}, {"why", base::Str(kept.message())}});
    }
  }
  if (!facts.committed) {
    v1::JournalRecord record;
    *record.mutable_committed() = result;
    absl::Status journaled = book_.Record(material.run_id, record);
    if (!journaled.ok()) {
      // The ledger in the target says the same; the next process would ask it.
      base::Log(base::LogLevel::kError, "commit not journaled",
                {{"run", material.run_id}, {"why", base::Str(journaled.message())}});
    }
  }
  base::Failpoint("agent.committed.journaled");
  if (facts.resume_statements.empty()) {
    v1::RunReport report;
    report.set_run_id(material.run_id);
    report.set_state(v1::RUN_STATE_COMMITTED);
    *report.mutable_result() = result;
    book_.Report(std::move(report));
  }
  base::Failpoint("agent.committed.reported");
  std::vector<v1::Problem> problems = hooks_.Undo(material);
  base::Failpoint("agent.undo.done");
  if (absl::Status removed = RemoveLargeObjects(material.run_id, &result); !removed.ok()) {
    v1::Problem problem = contract::ProblemOf(removed);
    problem.set_reason(v1::REASON_AFTER_STEP_FAILED);
    material.scrubber.Scrub(&problem);
    problems.push_back(std::move(problem));
  }
  for (v1::Problem& after : hooks_.RunAfter(material, &result))
    problems.push_back(std::move(after));
  base::Failpoint("agent.after.done");
  if (problems.empty()) {
    ReportEnd(material.run_id, v1::RUN_STATE_SUCCEEDED, nullptr, &result);
    return;
  }
  for (size_t i = 1; i < problems.size(); ++i) *result.add_warnings() = problems[i];
  ReportEnd(material.run_id, v1::RUN_STATE_NEEDS_ATTENTION, &problems.front(), &result);
}

absl::Status RunSettler::RemoveLargeObjects(absl::string_view run_id, v1::RunResult* result) {
  if (result->large_objects_left() == 0) return absl::OkStatus();
  const absl::StatusOr<int64_t> removed = parts_.database.RemoveLargeObjects(run_id);
  if (!removed.ok()) return removed.status();
  result->set_large_objects_removed(result->large_objects_removed() + result->large_objects_left());
  result->set_large_objects_left(0);
  return absl::OkStatus();
}

void RunSettler::NeedsAttention(absl::string_view run_id, const v1::RunResult& result,
                                v1::Problem problem) {
  parts_.scrubber.Scrub(&problem);
  ReportEnd(run_id, v1::RUN_STATE_NEEDS_ATTENTION, &problem, &result);
}

void RunSettler::EndLost(absl::string_view run_id, const RunMaterial* material, bool undo_lost,
                         bool bound_anew, v1::RunResult result) {
  const absl::Status kept = bound_anew ? absl::OkStatus() : parts_.commits.Lost(run_id);
  if (!kept.ok()) {
    base::Log(base::LogLevel::kError, "a lost commit could not be written down",
              {{"run", run_id}, {"why", base::Str(kept.message())}});
    return;
  }
  if (material != nullptr) {
    for (v1::Problem& undo : hooks_.Undo(*material)) *result.add_warnings() = std::move(undo);
  } else if (undo_lost) {
    *result.add_warnings() = UndoLost();
  }
  CloseClaim(run_id, "LOST");
  NeedsAttention(
      run_id, result,
      contract::MakeProblem(
          v1::REASON_COMMIT_LOST,
          bound_anew ? "the run's COMMIT was sent, or was about to be, and the target has been "
                       "bound to another server since, whose ledger does not know the run"
                     : "the run's COMMIT was sent, or was about to be, and the database's ledger "
                       "does not know the run: a failover or a restore has lost it",
          bound_anew ? "Look at the data; then make a new plan."
                     : "Look at the data; then let somebody whom the agent's floor names sign: "
                       "resetctl target rebind."));
}

LedgerReading RunSettler::AskLedger(absl::string_view run_id,
                                    const std::optional<std::string>& claimed_at) {
  LedgerReading reading = parts_.database.AskLedger(run_id);
  if (reading.answer == LedgerAnswer::kNotCertain && reading.no_claim && claimed_at &&
      !claimed_at->empty() && reading.server == *claimed_at) {
    reading.answer = LedgerAnswer::kOtherTimeline;
  }
  if (reading.answer == LedgerAnswer::kNotCertain && !rebound_.empty() &&
      reading.server == rebound_) {
    reading.answer = LedgerAnswer::kOtherTimeline;
    reading.bound_anew = true;
  }
  return reading;
}

LedgerReading RunSettler::AwaitLedger(absl::string_view run_id,
                                      const std::optional<std::string>& claimed_at) {
  std::string said;
  for (;;) {
    LedgerReading reading = AskLedger(run_id, claimed_at);
    if (reading.answer != LedgerAnswer::kNotCertain) return reading;
    if (reading.no_claim && !claimed_at) return reading;
    const std::string why =
        reading.why.empty() ? "the target cannot say" : parts_.scrubber.Scrub(reading.why);
    if (said != why) {
      said = why;
      const v1::Problem problem = contract::MakeProblem(
          v1::REASON_OUTCOME_UNKNOWN,
          absl::StrCat("whether the run was committed is not known yet: ", said),
          reading.server.empty()
              ? "Wait: the agent asks until the target gives a certain answer."
              : absl::StrCat("Give the agent the database of the run. If the target has moved to "
                             "this server for good: resetctl target rebind ",
                             parts_.identity.environment, "/", parts_.identity.target));
      ReportEnd(run_id, v1::RUN_STATE_UNKNOWN, &problem, nullptr);
    }
    {
      base::MutexLock lock(mutex_);
      if (!stopped_ && !woken_) {
        changed_.WaitFor(mutex_, std::chrono::milliseconds(absl::ToInt64Milliseconds(retry_)));
      }
      if (stopped_) return reading;
      woken_ = false;
    }
    if (meanwhile_) meanwhile_();
  }
}

void RunSettler::Wake() {
  base::MutexLock lock(mutex_);
  woken_ = true;
  changed_.SignalAll();
}

void RunSettler::Stop() {
  base::MutexLock lock(mutex_);
  stopped_ = true;
  changed_.SignalAll();
}

bool RunSettler::stopped() const {
  base::MutexLock lock(mutex_);
  return stopped_;
}

}  // namespace resetctl::agent

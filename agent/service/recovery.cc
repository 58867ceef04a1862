#include "agent/service/recovery.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/failpoint.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

v1::Problem Restarted() {
  return contract::MakeProblem(
      v1::REASON_INTERNAL,
      "the agent was restarted during the run; the database is as it was before",
      "Run the plan again.");
}

// Where the run was planned, and so claimed. Empty when the journal does not tell.
std::string ServerOf(const RunFacts& facts) {
  v1::PlanDocument plan;
  if (!facts.offer || !plan.ParseFromString(facts.offer->document())) return "";
  return plan.database().system_identifier();
}

bool UndoIsDue(const RunFacts& facts) {
  return std::any_of(facts.hooks.begin(), facts.hooks.end(), [](const auto& hook) {
    return hook.first.first == v1::JournalHook::PHASE_BEFORE;
  });
}

}  // namespace

void Recovery::SettleOpenRuns() {
  for (const std::string& run_id : book_.OpenRuns()) {
    if (settler_.stopped()) return;
    Settle(run_id);
  }
  if (!settler_.stopped()) CloseUnknownClaims();
}

void Recovery::Settle(const std::string& run_id) {
  const RunFacts facts = book_.Facts(run_id);
  if (facts.ended) return;  // waits for its acknowledgement only
  base::Log(base::LogLevel::kInfo, "open run found", {{"run", run_id}});
  if (!facts.fence && !facts.offer) {
    // Asked for by the controller, and not answered before that process ended.
    SettleWithoutJournal(run_id);
    return;
  }
  absl::StatusOr<RunMaterial> material =
      facts.offer ? RebuildRun(parts_, *facts.offer)
                  : absl::StatusOr<RunMaterial>(absl::DataLossError("the journal lacks the offer"));
  std::optional<std::string> claimed_at;
  if (facts.fence) claimed_at = ServerOf(facts);
  base::Failpoint("agent.recovery.begin");
  const LedgerReading reading = settler_.AwaitLedger(run_id, claimed_at);
  base::Failpoint("agent.recovery.answered");
  if (reading.no_claim && !facts.fence) {
    settler_.Refuse(run_id, contract::MakeProblem(v1::REASON_INTERNAL,
                                                  "the agent was restarted before it took the run",
                                                  "Run the plan again."));
    return;
  }
  if (reading.answer == LedgerAnswer::kNotCertain) return;
  if (reading.answer != LedgerAnswer::kCommitted) {
    const bool commit_sent = facts.about_to_commit || facts.committed;
    if (facts.committed || (commit_sent && reading.answer == LedgerAnswer::kOtherTimeline)) {
      settler_.EndLost(run_id, material.ok() ? &*material : nullptr, UndoIsDue(facts),
                       reading.bound_anew, facts.committed.value_or(v1::RunResult()));
    } else if (material.ok()) {
      settler_.EndUnchanged(*material, Restarted());
    } else {
      settler_.EndUnchangedWithoutMaterial(run_id, Restarted(), UndoIsDue(facts));
    }
    return;
  }
  v1::RunResult result = facts.committed ? *facts.committed : reading.result;
  if (material.ok()) {
    settler_.EndCommitted(*material, std::move(result));
    return;
  }
  v1::Problem problem = contract::ProblemOf(material.status());
  problem.set_message(absl::StrCat(
      "the reset is committed, but the agent was restarted and cannot do the steps after it: ",
      problem.message()));
  problem.set_reason(v1::REASON_AFTER_STEP_FAILED);
  settler_.NeedsAttention(run_id, result, std::move(problem));
}

void Recovery::CloseUnknownClaims() {
  absl::StatusOr<std::vector<std::string>> claims = parts_.database.OpenClaims();
  if (!claims.ok()) return;  // asked again before the next claim, by the claim itself
  for (const std::string& run_id : *claims) {
    if (book_.IsOpen(run_id)) {
      const RunFacts facts = book_.Facts(run_id);
      if (!facts.ended) continue;
      parts_.database.CloseClaim(run_id, "ENDED").IgnoreError();
      continue;
    }
    // A claim that no journal knows: made by a process with another state directory.
    const LedgerReading reading = parts_.database.AskLedger(run_id);
    if (reading.answer == LedgerAnswer::kCommitted || reading.answer == LedgerAnswer::kNotCertain) {
      continue;
    }
    base::Log(base::LogLevel::kWarning, "claim without a journal closed", {{"run", run_id}});
  }
}

void Recovery::AnswerExpected(absl::string_view run_id) {
  if (!IsRunId(run_id)) return;
  if (book_.IsOpen(run_id) || book_.Reopen(run_id).ok()) {
    const RunFacts facts = book_.Facts(run_id);
    // Queued again although it was acknowledged: the controller may have been restored from a backup.
    if (facts.ended) book_.Report(*facts.ended);
    return;
  }
  if (book_.Open(run_id).ok()) SettleWithoutJournal(base::Str(run_id));
}

void Recovery::SettleWithoutJournal(const std::string& run_id) {
  // The offer is journaled before the claim. So this agent never took the run, or it has lost its state directory.
  const LedgerReading reading = settler_.AwaitLedger(run_id, std::nullopt);
  if (reading.answer == LedgerAnswer::kCommitted) {
    settler_.NeedsAttention(
        run_id, reading.result,
        contract::MakeProblem(
            v1::REASON_AFTER_STEP_FAILED,
            "the reset is committed, but this agent has lost its journal of the run",
            "Do the cache and the steps after the reset by hand; keep the agent's state directory "
            "on a "
            "volume that lasts."));
  } else if (reading.answer == LedgerAnswer::kOtherTimeline) {
    // For all that is known, its COMMIT was sent.
    settler_.EndLost(run_id, nullptr, /*undo_lost=*/false, reading.bound_anew, reading.result);
  } else if (reading.answer == LedgerAnswer::kNotCommitted) {
    settler_.EndUnchangedWithoutMaterial(run_id, Restarted(), /*undo_lost=*/false);
  } else if (reading.no_claim) {
    settler_.Refuse(
        run_id, contract::MakeProblem(v1::REASON_AGENT_OFFLINE, "the offer never reached the agent",
                                      "Run the plan again."));
  }
}

}  // namespace resetctl::agent

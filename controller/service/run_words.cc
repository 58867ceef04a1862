// RunFlow's other half: what agents say about runs.
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/domain/run_state.h"
#include "controller/service/run_flow.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/agent_word.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

Act ActOn(const RunRecord& run) {
  return {.subject = run.id, .environment = run.environment, .target = run.target};
}

bool IsPermanent(const absl::Status& status) {
  return !absl::IsUnavailable(status) && !absl::IsAborted(status) && !absl::IsInternal(status);
}

// The lease tells that an outcome is not known; the agent, once it is back, why, and what would help.
bool SaysMore(const RunRecord& run, const v1::RunReport& report) {
  if (run.state != v1::RUN_STATE_UNKNOWN || !report.has_problem()) return false;
  return !run.problem || run.problem->message() != report.problem().message();
}

}  // namespace

absl::StatusOr<RunRecord> RunFlow::RunOf(const AgentIdentity& agent, const std::string& run_id,
                                         absl::string_view action) {
  absl::StatusOr<RunRecord> run = desk_.runs.GetRun(run_id);
  absl::Status status = run.status();
  // GetRun takes prefixes; an agent must name the run exactly.
  if (run.ok() && run->id != run_id) {
    status = contract::Error(v1::REASON_NOT_FOUND, absl::StrCat("there is no run ", run_id));
  }
  if (run.ok() && status.ok() &&
      (run->environment != agent.environment || run->target != agent.target)) {
    status = contract::Error(v1::REASON_WRONG_AUDIENCE,
                             absl::StrCat("run ", run_id, " is not of ", agent.Name()),
                             "an agent speaks for its own target only");
  }
  if (status.ok()) return run;
  const Act act{.action = base::Str(action), .subject = run_id};
  return Refuse(desk_.committer, EntryBy(agent, act, desk_.clock.Now()), status);
}

absl::Status RunFlow::AddWord(const AgentIdentity& agent, contract::WordKind kind,
                              const v1::AgentWord& word, bool follows, v1::AuditEntry* entry) {
  if (word.signature().empty()) return absl::OkStatus();
  const absl::StatusOr<AgentRecord> record =
      desk_.agent_records.GetAgent(agent.environment, agent.target);
  if (!record.ok()) return record.status();
  const absl::Status signed_so =
      contract::VerifyWord(kind, agent.Name(), record->witness.key, word);
  if (signed_so.ok() && follows) {
    *entry->mutable_agent_word() = word;
    return absl::OkStatus();
  }
  const char* const doubt = signed_so.ok() ? "order" : "signature";
  (*entry->mutable_evidence())["unproved"] = doubt;
  base::Log(base::LogLevel::kError, "an agent's word proves nothing",
            {{"agent", agent.Name()}, {"run", entry->subject()}, {"its", doubt}});
  return absl::OkStatus();
}

absl::StatusOr<contract::WordChain> RunFlow::ChainOf(const RunRecord& run) {
  contract::WordChain chain = contract::ChainOf(run.run_statement);
  if (run.last_seq == 0) return chain;
  const absl::StatusOr<std::vector<v1::RunEvent>> last =
      desk_.runs.ListEvents(run.id, run.last_seq - 1, 1);
  if (!last.ok()) return last.status();
  if (last->empty()) return absl::InternalError("the run's last event is missing");
  chain.Take(last->front());
  return chain;
}

bool RunFlow::TakeReply(const AgentIdentity& agent, const v1::OfferReply& reply) {
  base::MutexLock deciding(desk_.deciding);
  absl::StatusOr<RunRecord> run = RunOf(agent, reply.run_id(), "run.reply");
  if (!run.ok()) return IsPermanent(run.status());
  Move move;
  move.entry = EntryBy(agent, ActOn(*run), desk_.clock.Now());
  v1::Problem problem = reply.problem();
  if (!reply.accepted() && problem.reason() == v1::REASON_UNSPECIFIED) {
    problem = contract::MakeProblem(v1::REASON_FLOOR_REFUSES, "the agent refused the run",
                                    "look at the agent's log");
  }
  const bool resuming =
      run->state == v1::RUN_STATE_COMMITTED && !run->resume_statement.text().empty();
  if (reply.accepted()) {
    if (run->state != v1::RUN_STATE_OFFERED && run->state != v1::RUN_STATE_UNKNOWN) return true;
    run->fence = reply.fence();
    run->problem.reset();
    move.path = {v1::RUN_STATE_RUNNING};
  } else if (resuming) {
    move.path = {v1::RUN_STATE_NEEDS_ATTENTION};
    move.problem = std::move(problem);
  } else {
    if (run->state != v1::RUN_STATE_OFFERED && run->state != v1::RUN_STATE_UNKNOWN) return true;
    move.path = {v1::RUN_STATE_REFUSED};
    move.problem = std::move(problem);
  }
  const absl::Status status = Apply(&*run, std::move(move));
  if (!status.ok()) {
    base::Log(base::LogLevel::kError, "an agent's reply could not be written down",
              {{"run", reply.run_id()}, {"error", status.message()}});
  }
  return status.ok() || IsPermanent(status);
}

absl::Status RunFlow::TryReport(const AgentIdentity& agent, const v1::RunReport& report) {
  absl::StatusOr<RunRecord> run = RunOf(agent, report.run_id(), "run.report");
  if (!run.ok()) return run.status();
  absl::StatusOr<std::vector<v1::RunState>> path = PathTo(run->state, report.state());
  if (!path.ok()) {
    // Two truths about one run: the first is kept, the contradiction is in the log.
    base::Log(
        base::LogLevel::kError, "an agent contradicts what is known of a run",
        {{"run", run->id}, {"known", NameOf(run->state)}, {"reported", NameOf(report.state())}});
    Act act = ActOn(*run);
    act.action = "run.report";
    return Refuse(desk_.committer, EntryBy(agent, act, desk_.clock.Now()), path.status());
  }
  if (path->empty() && SaysMore(*run, report)) path->push_back(run->state);
  if (path->empty()) return absl::OkStatus();
  const absl::StatusOr<contract::WordChain> chain = ChainOf(*run);
  if (!chain.ok()) return chain.status();
  if (report.has_result()) {
    run->result = report.result();
    if (report.result().fence() != 0) run->fence = report.result().fence();
  }
  Move move;
  move.path = *std::move(path);
  if (report.has_problem()) move.problem = report.problem();
  const v1::RunState last = move.path.back();
  if (!move.problem && last == v1::RUN_STATE_CANCELLED) {
    move.problem = contract::MakeProblem(v1::REASON_CANCELLED, "cancelled; nothing was changed",
                                         "run the plan again when you are ready");
  }
  if (!move.problem && last == v1::RUN_STATE_RUNNING) run->problem.reset();
  move.entry = EntryBy(agent, ActOn(*run), desk_.clock.Now());
  // The entry has the result that is known, which must be this report's.
  const bool whole = report.has_result() || !run->result;
  const absl::Status added = AddWord(agent, contract::WordKind::kReport, contract::WordOf(report),
                                     whole && chain->MayFollow(report), &move.entry);
  return added.ok() ? Apply(&*run, std::move(move)) : added;
}

bool RunFlow::TakeReport(const AgentIdentity& agent, const v1::RunReport& report) {
  base::MutexLock deciding(desk_.deciding);
  const absl::Status status = TryReport(agent, report);
  // A report that can never be taken is acknowledged too: it is in the log, and repeating it helps nobody.
  return status.ok() || IsPermanent(status);
}

absl::StatusOr<uint64_t> RunFlow::StoreEvents(const AgentIdentity& agent, const RunRecord& run,
                                              absl::Span<const v1::RunEvent> events) {
  absl::StatusOr<contract::WordChain> chain = ChainOf(run);
  if (!chain.ok()) return chain.status();
  Change change;
  std::optional<AuditTrail> trail;
  for (const v1::RunEvent& event : events) {
    if (event.seq() != chain->last_seq + 1) continue;  // stored before, or after a gap: sent again
    Act act = ActOn(run);
    act.action = "run.event";
    act.detail = contract::InWords(event);
    v1::AuditEntry entry = EntryBy(agent, act, desk_.clock.Now());
    (*entry.mutable_evidence())["seq"] = absl::StrCat(event.seq());
    const v1::AgentWord word = contract::WordOf(event);
    const absl::Status added =
        AddWord(agent, contract::WordKind::kEvent, word, chain->Continues(event), &entry);
    if (!added.ok()) return added;
    if (!entry.has_agent_word()) {
      (*entry.mutable_evidence())["event"] = contract::Digest(word.said());
    }
    chain->Take(event);
    change.Add(AppendEvent{event});
    if (trail) {
      trail->And(std::move(entry));
    } else {
      trail.emplace(std::move(entry));
    }
  }
  if (!trail) return chain->last_seq;
  const absl::Status done = desk_.committer.Commit(change, *trail).status();
  if (!done.ok()) return done;
  desk_.watchers.Notify(run.id);
  return chain->last_seq;
}

absl::Status RunFlow::TakeEvents(const AgentIdentity& agent,
                                 const std::vector<v1::RunEvent>& events,
                                 std::map<std::string, uint64_t>* stored) {
  base::MutexLock deciding(desk_.deciding);
  absl::Status status;
  for (size_t i = 0, end = 0; i < events.size(); i = end) {
    const std::string& run_id = events[i].run_id();
    while (end < events.size() && events[end].run_id() == run_id) ++end;
    const absl::StatusOr<RunRecord> run = RunOf(agent, run_id, "run.event");
    if (!run.ok()) {
      // Never to be stored: let the agent forget them.
      if (IsPermanent(run.status())) {
        (*stored)[run_id] = events[end - 1].seq();
      } else {
        status = run.status();
      }
      continue;
    }
    const absl::StatusOr<uint64_t> last =
        StoreEvents(agent, *run, absl::MakeConstSpan(events).subspan(i, end - i));
    (*stored)[run->id] = last.value_or(run->last_seq);
    if (last.ok()) continue;
    status = last.status();
    base::Log(base::LogLevel::kError, "events could not be stored",
              {{"run", run->id}, {"error", status.message()}});
  }
  return status;
}

}  // namespace resetctl::controller

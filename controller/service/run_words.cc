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

absl::Status RunFlow::CheckWord(const AgentIdentity& agent, contract::WordKind kind,
                                const v1::AgentWord& word) {
  const absl::StatusOr<AgentRecord> record =
      desk_.agent_records.GetAgent(agent.environment, agent.target);
  if (!record.ok()) return record.status();
  if (record->witness.key.empty() && word.signature().empty()) return absl::OkStatus();
  return contract::VerifyWord(kind, agent.Name(), record->witness.key, word);
}

absl::Status RunFlow::RefuseWord(const AgentIdentity& agent, const RunRecord& run,
                                 absl::string_view action, const absl::Status& why) {
  Act act = ActOn(run);
  act.action = base::Str(action);
  return Refuse(desk_.committer, EntryBy(agent, act, desk_.clock.Now()), why);
}

absl::Status RunFlow::CheckEvent(const AgentIdentity& agent, const v1::RunEvent& event,
                                 const v1::AgentWord& word, absl::string_view chain) {
  absl::Status said = CheckWord(agent, contract::WordKind::kEvent, word);
  if (!said.ok() || word.signature().empty() || event.after() == chain) return said;
  return contract::Error(v1::REASON_BAD_SIGNATURE,
                         absl::StrCat("event ", event.seq(), " follows another one than ",
                                      event.seq() - 1, " of this run"),
                         "look at the agent's journal, and at who else holds its keys");
}

absl::StatusOr<std::string> RunFlow::ChainOf(const RunRecord& run) {
  if (run.last_seq == 0) return contract::ChainOf(run.run_statement);
  const absl::StatusOr<std::vector<v1::RunEvent>> last =
      desk_.runs.ListEvents(run.id, run.last_seq - 1, 1);
  if (!last.ok()) return last.status();
  if (last->empty()) return absl::InternalError("the run's last event is missing");
  return contract::ChainAfter(last->front());
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
  const v1::AgentWord word = contract::WordOf(report);
  const absl::Status said = CheckWord(agent, contract::WordKind::kReport, word);
  if (!said.ok()) return RefuseWord(agent, *run, "run.report", said);
  absl::StatusOr<std::vector<v1::RunState>> path = PathTo(run->state, report.state());
  if (!path.ok()) {
    // Two truths about one run: the first is kept, the contradiction is in the log.
    base::Log(
        base::LogLevel::kError, "an agent contradicts what is known of a run",
        {{"run", run->id}, {"known", NameOf(run->state)}, {"reported", NameOf(report.state())}});
    return RefuseWord(agent, *run, "run.report", path.status());
  }
  if (path->empty()) return absl::OkStatus();
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
  if (!word.signature().empty()) *move.entry.mutable_agent_word() = word;
  return Apply(&*run, std::move(move));
}

bool RunFlow::TakeReport(const AgentIdentity& agent, const v1::RunReport& report) {
  base::MutexLock deciding(desk_.deciding);
  const absl::Status status = TryReport(agent, report);
  // A report that can never be taken is acknowledged too: it is in the log, and repeating it helps nobody.
  return status.ok() || IsPermanent(status);
}

absl::Status RunFlow::TakeEvents(const AgentIdentity& agent,
                                 const std::vector<v1::RunEvent>& events,
                                 std::map<std::string, uint64_t>* stored) {
  base::MutexLock deciding(desk_.deciding);
  absl::Status status;
  size_t i = 0;
  while (i < events.size()) {
    const std::string& run_id = events[i].run_id();
    size_t end = i;
    while (end < events.size() && events[end].run_id() == run_id) ++end;
    absl::StatusOr<RunRecord> run = RunOf(agent, run_id, "run.event");
    if (!run.ok()) {
      // Never to be stored: let the agent forget them.
      if (IsPermanent(run.status())) {
        (*stored)[run_id] = events[end - 1].seq();
      } else {
        status = run.status();
      }
      i = end;
      continue;
    }
    Change change;
    std::optional<AuditTrail> trail;
    uint64_t last = run->last_seq;
    absl::StatusOr<std::string> chain = ChainOf(*run);
    absl::Status refused;
    for (; i < end && chain.ok() && refused.ok(); ++i) {
      const v1::RunEvent& event = events[i];
      if (event.seq() != last + 1) continue;  // stored before, or after a gap: sent again
      const v1::AgentWord word = contract::WordOf(event);
      refused = CheckEvent(agent, event, word, *chain);
      if (!refused.ok()) break;
      last = event.seq();
      chain = contract::ChainAfter(event);
      change.Add(AppendEvent{event});
      Act act = ActOn(*run);
      act.action = "run.event";
      act.detail = contract::InWords(event);
      v1::AuditEntry entry = EntryBy(agent, act, desk_.clock.Now());
      (*entry.mutable_evidence())["seq"] = absl::StrCat(event.seq());
      if (word.signature().empty()) {
        (*entry.mutable_evidence())["event"] = contract::Digest(word.said());
      } else {
        *entry.mutable_agent_word() = word;
      }
      if (trail) {
        trail->And(std::move(entry));
      } else {
        trail.emplace(std::move(entry));
      }
    }
    i = end;
    if (!chain.ok()) status = chain.status();
    if (trail) {
      const absl::Status done = desk_.committer.Commit(change, *trail).status();
      if (!done.ok()) {
        base::Log(base::LogLevel::kError, "events could not be stored",
                  {{"run", run->id}, {"error", done.message()}});
        last = run->last_seq;
        status = done;
      } else {
        desk_.watchers.Notify(run->id);
      }
    }
    (*stored)[run->id] = last;
    if (refused.ok()) continue;
    if (IsPermanent(refused)) {
      RefuseWord(agent, *run, "run.event", refused).IgnoreError();
      (*stored)[run->id] = events[end - 1].seq();  // never to be stored: let the agent forget them
    } else {
      status = refused;
    }
  }
  return status;
}

}  // namespace resetctl::controller

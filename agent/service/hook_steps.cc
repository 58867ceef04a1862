#include "agent/service/hook_steps.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/base/failpoint.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {
namespace {

using v1::JournalHook;

v1::StepKind StepOf(JournalHook::Phase phase) {
  switch (phase) {
    case JournalHook::PHASE_BEFORE:
      return v1::STEP_KIND_BEFORE;
    case JournalHook::PHASE_UNDO:
      return v1::STEP_KIND_UNDO;
    case JournalHook::PHASE_CACHE:
      return v1::STEP_KIND_CACHE;
    default:
      return v1::STEP_KIND_AFTER;
  }
}

JournalHook MakeRecord(JournalHook::Phase phase, int index) {
  JournalHook record;
  record.set_phase(phase);
  record.set_index(index);
  return record;
}

v1::Problem StepFailed(v1::Reason reason, absl::string_view what, const std::string& name,
                       const std::string& detail, absl::string_view advice) {
  return contract::MakeProblem(reason, absl::StrCat(what, " '", name, "' failed: ", detail),
                               advice);
}

}  // namespace

absl::Status HookSteps::Journal(const RunMaterial& material, const JournalHook& hook) {
  v1::JournalRecord record;
  *record.mutable_hook() = hook;
  return book_.Record(material.run_id, record);
}

JournalHook HookSteps::RunOne(const RunMaterial& material, JournalHook::Phase phase, int index,
                              const contract::HookSpec& hook, const contract::Action& action) {
  JournalHook record = MakeRecord(phase, index);
  StepNote note;
  note.step = StepOf(phase);
  note.name = hook.name;
  note.kind = v1::EVENT_KIND_STARTED;
  book_.Say(material.run_id, note);
  const absl::Duration start = parts_.clock.Steady();
  HookOutcome outcome;
  const absl::Status begun = Journal(material, record);
  if (begun.ok() || phase != JournalHook::PHASE_BEFORE) {
    // An undo or a later step that the journal does not know may be done twice. Not to do it would be worse.
    base::Failpoint("agent.hook.journaled");
    outcome = parts_.hooks.Run(hook, action, material.parameters);
    base::Failpoint("agent.hook.ran");
  } else {
    // Not begun: what the journal does not know could not be undone.
    outcome.kind = v1::EVENT_KIND_FAILED;
    outcome.detail =
        absl::StrCat("the agent's journal cannot be written: ", base::Str(begun.message()));
  }
  outcome.detail = material.scrubber.Scrub(outcome.detail);
  if (outcome.kind == v1::EVENT_KIND_FAILED && !hook.required)
    outcome.kind = v1::EVENT_KIND_WARNING;
  record.set_done(true);
  record.set_outcome(outcome.kind);
  record.set_detail(outcome.detail);
  if (begun.ok())
    Journal(material, record).IgnoreError();  // done twice at worst: hooks are idempotent
  base::Failpoint("agent.hook.done");
  note.kind = outcome.kind;
  note.detail = outcome.detail;
  note.took = parts_.clock.Steady() - start;
  if (outcome.kind == v1::EVENT_KIND_FAILED) {
    note.problem = StepFailed(phase == JournalHook::PHASE_BEFORE ? v1::REASON_BEFORE_STEP_FAILED
                              : phase == JournalHook::PHASE_UNDO ? v1::REASON_UNDO_FAILED
                                                                 : v1::REASON_AFTER_STEP_FAILED,
                              "step", hook.name, outcome.detail, "");
  }
  book_.Say(material.run_id, note);
  return record;
}

absl::Status HookSteps::RunBefore(const RunMaterial& material, const std::atomic<bool>& cancelled) {
  for (size_t i = 0; i < material.blueprint.before.size(); ++i) {
    if (cancelled) break;
    const contract::HookSpec& hook = material.blueprint.before[i];
    const JournalHook done =
        RunOne(material, JournalHook::PHASE_BEFORE, static_cast<int>(i), hook, hook.action);
    if (done.outcome() == v1::EVENT_KIND_FAILED && !cancelled) {
      return contract::ErrorFrom(StepFailed(v1::REASON_BEFORE_STEP_FAILED,
                                            "the step before the reset", hook.name, done.detail(),
                                            "Mend what it does, then run the plan again."));
    }
  }
  if (!cancelled) return absl::OkStatus();
  return contract::Error(v1::REASON_CANCELLED,
                         "the run was cancelled before it touched the database", "");
}

std::vector<v1::Problem> HookSteps::Undo(const RunMaterial& material) {
  std::vector<v1::Problem> problems;
  const RunFacts facts = book_.Facts(material.run_id);
  for (size_t i = material.blueprint.before.size(); i-- > 0;) {
    const contract::HookSpec& hook = material.blueprint.before[i];
    const int index = static_cast<int>(i);
    if (!hook.undo || !facts.Begun(JournalHook::PHASE_BEFORE, index) ||
        facts.Done(JournalHook::PHASE_UNDO, index)) {
      continue;
    }
    const JournalHook done = RunOne(material, JournalHook::PHASE_UNDO, index, hook, *hook.undo);
    if (done.outcome() == v1::EVENT_KIND_FAILED) {
      problems.push_back(StepFailed(v1::REASON_UNDO_FAILED, "the undo of", hook.name, done.detail(),
                                    "Undo it by hand."));
    }
  }
  return problems;
}

// The agent may have been restarted with another REDIS_URL since the run began. A server that was restarted is the same cache.
absl::StatusOr<FlushResult> HookSteps::CheckIsPlanned(const v1::CachePlan& plan) {
  contract::RedisSpec who;
  who.flush = contract::FlushMode::kNone;
  const v1::CachePlan now = parts_.cache.MakeSurvey(who);
  if (now.configured() && now.address() == plan.address() && now.db() == plan.db()) {
    return FlushResult();
  }
  return contract::Error(
      v1::REASON_STALE_CACHE,
      absl::StrCat("the plan's cache is ", plan.address(), " db ", plan.db(),
                   ", the agent is now configured for ",
                   now.configured() ? absl::StrCat(now.address(), " db ", now.db()) : "none"),
      "");
}

void HookSteps::FlushCache(const RunMaterial& material, const RunFacts& facts,
                           v1::RunResult* result, std::vector<v1::Problem>* problems) {
  const contract::RedisSpec& spec = material.blueprint.redis;
  if (spec.flush == contract::FlushMode::kNone) return;
  StepNote note;
  note.step = v1::STEP_KIND_CACHE;
  note.unit = "keys";
  const v1::CachePlan& plan = material.plan.cache();
  if (!plan.configured() || !plan.skipped().empty()) {
    note.kind = v1::EVENT_KIND_SKIPPED;
    note.detail = plan.skipped().empty() ? "no cache configured" : plan.skipped();
    result->set_cache_detail(note.detail);
    book_.Say(material.run_id, note);
    return;
  }
  if (facts.Done(JournalHook::PHASE_CACHE, 0)) {
    const JournalHook& done = facts.hooks.at({JournalHook::PHASE_CACHE, 0});
    result->set_cache_done(done.outcome() == v1::EVENT_KIND_SUCCEEDED);
    result->set_cache_keys_removed(done.keys_removed());
    result->set_cache_detail(done.detail());
    return;
  }
  note.kind = v1::EVENT_KIND_STARTED;
  note.total = plan.keys();
  book_.Say(material.run_id, note);
  const absl::Duration start = parts_.clock.Steady();
  JournalHook record = MakeRecord(JournalHook::PHASE_CACHE, 0);
  Journal(material, record).IgnoreError();
  base::Failpoint("agent.cache.journaled");
  absl::StatusOr<FlushResult> flushed = CheckIsPlanned(plan);
  if (flushed.ok()) {
    flushed = parts_.cache.Flush(spec, [&](int64_t done, int64_t total) {
      StepNote progress = note;
      progress.kind = v1::EVENT_KIND_PROGRESS;
      progress.done = done;
      progress.total = total;
      book_.Say(material.run_id, progress);
    });
  }
  base::Failpoint("agent.cache.flushed");
  record.set_done(true);
  note.took = parts_.clock.Steady() - start;
  if (flushed.ok()) {
    record.set_outcome(v1::EVENT_KIND_SUCCEEDED);
    record.set_keys_removed(flushed->keys_removed);
    record.set_detail(flushed->detail);
    note.kind = v1::EVENT_KIND_SUCCEEDED;
    note.done = flushed->keys_removed;
    note.detail = flushed->detail;
    result->set_cache_done(true);
    result->set_cache_keys_removed(flushed->keys_removed);
  } else {
    v1::Problem problem = contract::ProblemOf(flushed.status());
    material.scrubber.Scrub(&problem);
    problem.set_reason(v1::REASON_CACHE_AFTER_COMMIT);
    problem.set_message(
        absl::StrCat("the reset is committed, but the cache was not flushed: ", problem.message()));
    problem.set_advice(spec.required ? "Mend the cache, then `resetctl resume` the run."
                                     : "Flush it by hand; its old entries may outlive the reset.");
    // Not required: a warning, and done with. Required: FAILED, which a resume repeats.
    record.set_outcome(spec.required ? v1::EVENT_KIND_FAILED : v1::EVENT_KIND_WARNING);
    record.set_detail(problem.message());
    note.kind = record.outcome();
    note.detail = problem.message();
    note.problem = problem;
    if (spec.required) {
      problems->push_back(problem);
    } else {
      *result->add_warnings() = problem;
    }
  }
  result->set_cache_detail(record.detail());
  Journal(material, record).IgnoreError();
  base::Failpoint("agent.cache.done");
  book_.Say(material.run_id, note);
}

std::vector<v1::Problem> HookSteps::RunAfter(const RunMaterial& material, v1::RunResult* result) {
  std::vector<v1::Problem> problems;
  const RunFacts facts = book_.Facts(material.run_id);
  FlushCache(material, facts, result, &problems);
  result->clear_after();
  for (size_t i = 0; i < material.blueprint.after.size(); ++i) {
    const contract::HookSpec& hook = material.blueprint.after[i];
    const int index = static_cast<int>(i);
    const JournalHook done =
        facts.Done(JournalHook::PHASE_AFTER, index)
            ? facts.hooks.at({JournalHook::PHASE_AFTER, index})
            : RunOne(material, JournalHook::PHASE_AFTER, index, hook, hook.action);
    v1::HookResult* said = result->add_after();
    said->set_name(hook.name);
    said->set_kind(done.outcome());
    said->set_detail(done.detail());
    if (done.outcome() == v1::EVENT_KIND_FAILED) {
      problems.push_back(
          StepFailed(v1::REASON_AFTER_STEP_FAILED, "the reset is committed, but the step after it",
                     hook.name, done.detail(), "Mend the cause, then `resetctl resume` the run."));
    } else if (done.outcome() == v1::EVENT_KIND_WARNING) {
      *result->add_warnings() = StepFailed(v1::REASON_AFTER_STEP_FAILED, "the step", hook.name,
                                           done.detail(), "It is not required; do it by hand.");
    }
  }
  return problems;
}

}  // namespace resetctl::agent

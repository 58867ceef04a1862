#include "controller/service/desk.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/domain/plan_state.h"
#include "controller/domain/run_state.h"
#include "controller/service/wire_time.h"
#include "proto/base/text.h"
#include "proto/contract/environment_rules.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/agent_link.pb.h"

namespace resetctl::controller {
namespace {

bool Waits(v1::PlanState state) {
  return state == v1::PLAN_STATE_PENDING_APPROVAL || state == v1::PLAN_STATE_APPROVED;
}

void AddObjection(v1::Plan* plan, v1::Reason reason, absl::string_view message,
                  absl::string_view advice) {
  v1::Objection* objection = plan->add_objections();
  objection->set_reason(reason);
  objection->set_message(base::Str(message));
  objection->set_advice(base::Str(advice));
}

}  // namespace

absl::StatusOr<PlanRecord> ReadPlan(Desk& desk, absl::string_view id_or_prefix) {
  absl::StatusOr<PlanRecord> plan = desk.plans.GetPlan(id_or_prefix);
  const absl::Time now = desk.clock.Now();
  if (!plan.ok() || !Waits(plan->state) || plan->expire_time > now) return plan;
  plan->state = v1::PLAN_STATE_EXPIRED;
  plan->state_reason = "the plan's time is over; make a new one";
  const absl::StatusOr<CommitReceipt> done = desk.committer.Commit(
      Change().Add(UpdatePlan{*plan}), AuditTrail(EntryBySystem({.action = "plan.expire",
                                                                 .subject = plan->id,
                                                                 .environment = plan->environment,
                                                                 .target = plan->target},
                                                                now)));
  // Somebody else was faster: what they wrote is the truth.
  if (!done.ok() && !absl::IsAborted(done.status())) return done.status();
  return desk.plans.GetPlan(plan->id);
}

absl::Status CheckRead(const Desk& desk, const Requester& who, absl::string_view environment) {
  return MayRead(*desk.policy.Get(), environment, who.caller).ToStatus();
}

absl::StatusOr<RunRecord> FindRun(const Desk& desk, const Requester& who,
                                  absl::string_view id_or_prefix) {
  absl::StatusOr<RunRecord> run = desk.runs.GetRun(id_or_prefix);
  if (!run.ok()) return run;
  absl::Status allowed = CheckRead(desk, who, run->environment);
  if (!allowed.ok()) return allowed;
  return run;
}

std::vector<std::string> ReadableEnvironments(const Desk& desk, const Requester& who) {
  std::vector<std::string> names;
  const std::shared_ptr<const Policy> policy = desk.policy.Get();
  for (const auto& [name, rules] : policy->environments) {
    if (MayRead(*policy, name, who.caller).allowed()) names.push_back(name);
  }
  return names;
}

absl::StatusOr<std::vector<std::string>> EnvironmentsToList(const Desk& desk, const Requester& who,
                                                            const std::string& wanted) {
  if (wanted.empty()) return ReadableEnvironments(desk, who);
  absl::Status allowed = CheckRead(desk, who, wanted);
  if (!allowed.ok()) return allowed;
  return std::vector<std::string>{wanted};
}

absl::StatusOr<Circumstances> ReadCircumstances(Desk& desk, const PlanRecord& plan) {
  Circumstances circumstances;
  absl::StatusOr<std::optional<FreezeRecord>> freeze = desk.freezes.FindFreeze(plan.environment);
  if (!freeze.ok()) return freeze.status();
  circumstances.freeze = *std::move(freeze);
  const absl::StatusOr<contract::EnvironmentRules> rules = RulesOf(plan);
  if (!rules.ok()) return circumstances;
  if (rules->break_glass) {
    RunFilter broken;
    broken.environments = {plan.environment};
    broken.target = plan.target;
    // What changed nothing needs no review.
    broken.states = {v1::RUN_STATE_COMMITTED, v1::RUN_STATE_SUCCEEDED,
                     v1::RUN_STATE_NEEDS_ATTENTION, v1::RUN_STATE_UNKNOWN};
    broken.keep = [](const RunRecord& run) {
      return !run.break_glass.empty() && run.reviewer.empty();
    };
    const absl::StatusOr<PageOf<RunRecord>> page = desk.runs.ListRuns(broken, {1, ""});
    if (!page.ok()) return page.status();
    if (!page->items.empty()) circumstances.unreviewed_run = page->items.front().id;
  }
  if (!rules->after_success_in) return circumstances;
  RunFilter filter;
  filter.environments = {rules->after_success_in->environment};
  filter.states = {v1::RUN_STATE_SUCCEEDED};
  filter.bundle_digest = plan.bundle_digest;
  const absl::StatusOr<PageOf<RunRecord>> page = desk.runs.ListRuns(filter, {1, ""});
  if (!page.ok()) return page.status();
  if (!page->items.empty()) circumstances.rehearsed = page->items.front().end_time;
  return circumstances;
}

absl::Status TwoAgents(absl::string_view environment, absl::string_view target) {
  const std::string name = absl::StrCat(environment, "/", target);
  return contract::Error(
      v1::REASON_IDENTITY_CONFLICT,
      absl::StrCat("two programs take turns as the agent of ", name,
                   ": each ends the other's stream"),
      absl::StrCat("stop the one that should not be there; if you know of one only, somebody else "
                   "has its key: resetctl agent revoke ",
                   name));
}

std::optional<v1::Problem> AlarmOf(const AgentRecord& agent) {
  v1::Problem problem;
  if (agent.witness.alarm.empty() || !problem.ParseFromString(agent.witness.alarm)) {
    return std::nullopt;
  }
  return problem;
}

absl::Status CheckWitness(const Desk& desk, absl::string_view environment,
                          absl::string_view target) {
  const absl::StatusOr<AgentRecord> agent = desk.agent_records.GetAgent(environment, target);
  if (!agent.ok()) return absl::IsNotFound(agent.status()) ? absl::OkStatus() : agent.status();
  std::optional<v1::Problem> problem = AlarmOf(*agent);
  if (!problem) return absl::OkStatus();
  problem->set_message(
      absl::StrCat("the agent of ", environment, "/", target, " says: ", problem->message()));
  return contract::ErrorFrom(*problem);
}

absl::Status AgentOffline(absl::string_view environment, absl::string_view target) {
  return contract::Error(
      v1::REASON_AGENT_OFFLINE,
      absl::StrCat("the agent of ", environment, "/", target, " is not connected"),
      "start reset-agent beside the database, then try again");
}

absl::Status CheckAgent(const Desk& desk, const AgentHub::Key& agent) {
  const AgentHub::Presence presence = desk.agents.Find(agent);
  if (!presence.online) return AgentOffline(agent.first, agent.second);
  if (!presence.draining) return absl::OkStatus();
  return contract::Error(
      v1::REASON_DRAINING,
      absl::StrCat("the agent of ", agent.first, "/", agent.second, " is about to stop"),
      "try again when it is back");
}

absl::StatusOr<v1::Plan> ShowPlan(Desk& desk, const PlanRecord& record, bool whole) {
  const absl::Time now = desk.clock.Now();
  const std::shared_ptr<const Policy> policy = desk.policy.Get();
  absl::StatusOr<std::vector<ApprovalRecord>> approvals = desk.plans.ListApprovals(record.id);
  if (!approvals.ok()) return approvals.status();
  absl::StatusOr<Circumstances> circumstances = ReadCircumstances(desk, record);
  if (!circumstances.ok()) return circumstances.status();

  v1::Plan plan;
  plan.set_id(record.id);
  if (whole) {
    plan.set_document(record.document);
    plan.set_mac(record.mac);
    *plan.mutable_plan_statement() = record.plan_statement;
  }
  plan.set_state(record.state);
  plan.set_state_reason(record.state_reason);
  plan.set_environment(record.environment);
  plan.set_target(record.target);
  plan.set_author(record.author);
  SetTime(record.create_time, plan.mutable_create_time());
  SetTime(record.expire_time, plan.mutable_expire_time());
  plan.set_rows_total(record.rows_total);
  plan.set_rows_estimated(record.rows_estimated);
  plan.set_tables_total(record.tables_total);
  plan.set_blueprint_name(record.blueprint_name);
  plan.set_last_run_id(record.last_run_id);

  for (const ApprovalStanding& standing : StandingOf(*policy, record, *approvals, now)) {
    const ApprovalRecord& given = *standing.approval;
    v1::ApprovalRecord* shown = plan.add_approvals();
    shown->set_person(given.person);
    shown->set_key_fingerprint(given.key_fingerprint);
    shown->set_decision(given.decision);
    shown->set_reason(given.reason);
    SetTime(given.time, shown->mutable_time());
    if (given.start_before != absl::InfiniteFuture()) {
      SetTime(given.start_before, shown->mutable_start_before());
    }
    if (whole) *shown->mutable_statement() = given.statement;
    shown->set_counts(standing.counts);
  }

  const absl::StatusOr<contract::EnvironmentRules> rules = RulesOf(record);
  if (rules.ok()) {
    plan.set_approvals_required(rules->approvals.required);
    for (const std::string& group : rules->approvals.groups) plan.add_approver_groups(group);
    plan.set_confirm_phrase(rules->confirm);
    SetDuration(rules->hold, plan.mutable_hold());
  }
  plan.set_approvals_counted(QuorumOf(*policy, record, *approvals, now).counted);
  if (Waits(record.state)) {
    for (const std::string& person : WhoMayApprove(*policy, record, *approvals, now)) {
      plan.add_may_approve(person);
    }
  }
  if (whole) {
    for (const RuleVerdict& verdict :
         ExplainPlan(*policy, record, *approvals, *circumstances, now)) {
      v1::RuleAnswer* answer = plan.add_rule_answers();
      answer->set_rule(verdict.rule);
      answer->set_holds(!verdict.objection.has_value());
      answer->set_how(verdict.how);
    }
  }
  for (const Objection& objection :
       EvaluatePlan(*policy, record, *approvals, *circumstances, now).objections) {
    AddObjection(&plan, objection.reason, objection.message, objection.advice);
  }
  const absl::Status agent = CheckAgent(desk, {record.environment, record.target});
  if (Waits(record.state) && !agent.ok()) {
    const v1::Problem problem = contract::ProblemOf(agent);
    AddObjection(&plan, problem.reason(), problem.message(), problem.advice());
  }
  return plan;
}

v1::Run ShowRun(const Desk& desk, const RunRecord& record) {
  v1::Run run;
  run.set_id(record.id);
  run.set_plan_id(record.plan_id);
  run.set_environment(record.environment);
  run.set_target(record.target);
  run.set_runner(record.runner);
  run.set_state(record.state);
  if (record.problem) *run.mutable_problem() = *record.problem;
  SetTime(record.create_time, run.mutable_create_time());
  if (record.start_time) SetTime(*record.start_time, run.mutable_start_time());
  if (record.end_time) SetTime(*record.end_time, run.mutable_end_time());
  SetTime(record.hold_until, run.mutable_hold_until());
  if (record.result) *run.mutable_result() = *record.result;
  run.set_fence(record.fence);
  run.set_cancel_requested(record.cancel_requested);
  *run.mutable_run_statement() = record.run_statement;
  run.set_last_seq(record.last_seq);
  run.set_detached(record.detached);
  run.set_audit_entry(record.audit_entry);
  run.set_break_glass(record.break_glass);
  run.set_reviewer(record.reviewer);
  const AgentHub::Presence presence = desk.agents.Find({record.environment, record.target});
  run.set_agent_online(presence.online);
  if (presence.heard) {
    SetTime(*presence.heard, run.mutable_agent_seen_time());
  } else if (IsActive(record.state)) {
    // Not since this controller has started: when it came last.
    const absl::StatusOr<AgentRecord> agent =
        desk.agent_records.GetAgent(record.environment, record.target);
    if (agent.ok() && agent->seen_time) SetTime(*agent->seen_time, run.mutable_agent_seen_time());
  }
  return run;
}

v1::Target ShowTarget(const Desk& desk, const AgentRecord& record) {
  v1::Target target;
  target.set_environment(record.environment);
  target.set_name(record.target);
  v1::AgentHello hello;
  if (!record.hello.empty() && hello.ParseFromString(record.hello)) {
    *target.mutable_database() = hello.database();
    *target.mutable_cache() = hello.cache();
    target.set_floor_digest(hello.floor_digest());
    target.set_floor_summary(hello.floor_summary());
    target.set_agent_version(hello.version());
    target.set_problem(hello.problem());
    target.set_same_owner_accepted(hello.same_owner_accepted());
  }
  const absl::Status guarded = desk.guard.Check({record.environment, record.target});
  if (!guarded.ok() && target.problem().empty()) {
    target.set_problem(contract::ProblemOf(guarded).message());
  }
  if (std::optional<v1::Problem> alarm = AlarmOf(record)) {
    target.set_problem(alarm->message());
    *target.mutable_witness_alarm() = *std::move(alarm);
  }
  const AgentHub::Presence presence = desk.agents.Find({record.environment, record.target});
  target.set_online(presence.online);
  if (presence.TakesTurns(desk.clock.Steady())) {
    target.set_problem(contract::ProblemOf(TwoAgents(record.environment, record.target)).message());
  }
  if (presence.draining && presence.online && target.problem().empty()) {
    target.set_problem("the agent is about to stop");
  }
  target.set_active_run_id(presence.active_run_id);
  if (presence.heard) {
    SetTime(*presence.heard, target.mutable_seen_time());
  } else if (record.seen_time) {
    SetTime(*record.seen_time, target.mutable_seen_time());
  }
  return target;
}

absl::StatusOr<std::optional<RunRecord>> ActiveRun(Desk& desk, const std::string& environment,
                                                   const std::string& target) {
  RunFilter filter;
  filter.environments = {environment};
  filter.target = target;
  filter.states = {v1::RUN_STATE_HELD, v1::RUN_STATE_OFFERED, v1::RUN_STATE_RUNNING,
                   v1::RUN_STATE_COMMITTED, v1::RUN_STATE_UNKNOWN};
  absl::StatusOr<PageOf<RunRecord>> page = desk.runs.ListRuns(filter, {1, ""});
  if (!page.ok()) return page.status();
  if (page->items.empty()) return std::optional<RunRecord>();
  return std::optional<RunRecord>(std::move(page->items.front()));
}

absl::StatusOr<std::optional<RequestRecord>> FindAnswer(Desk& desk, const Requester& who,
                                                        absl::string_view method,
                                                        const std::string& request_id,
                                                        const std::string& fingerprint) {
  absl::StatusOr<std::optional<RequestRecord>> found =
      desk.requests.FindRequest(who.caller.person, method, request_id);
  if (!found.ok() || !found->has_value()) return found;
  if ((*found)->fingerprint != fingerprint) {
    return contract::Error(v1::REASON_INVALID_ARGUMENT,
                           "this request id was used for another request",
                           "use a fresh request id for a new request");
  }
  return found;
}

InsertRequest AnswerOf(const Requester& who, absl::string_view method,
                       const std::string& request_id, const std::string& fingerprint,
                       const std::string& subject, absl::Time now) {
  return InsertRequest{
      {who.caller.person, base::Str(method), request_id, fingerprint, subject, now}};
}

}  // namespace resetctl::controller

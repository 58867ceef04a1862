#include "controller/service/runs.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controller/domain/plan_state.h"
#include "controller/domain/run_state.h"
#include "controller/service/statement_checks.h"
#include "proto/base/failpoint.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/environment_rules.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr char kStartRun[] = "StartRun";
constexpr char kResumeRun[] = "ResumeRun";

void Append(Decision* all, const Decision& more) {
  all->objections.insert(all->objections.end(), more.objections.begin(), more.objections.end());
}

void Append(Decision* all, const absl::Status& status) {
  const v1::Problem problem = contract::ProblemOf(status);
  all->objections.push_back({problem.reason(), problem.message(), problem.advice()});
}

}  // namespace

// ---- start ----

absl::StatusOr<v1::StartRunResponse> Runs::Start(const Requester& who,
                                                 const v1::StartRunRequest& request) {
  Act act{
      .action = "run.start", .subject = request.plan_id(), .statement = &request.run_statement()};
  absl::StatusOr<RunRecord> run = TryStart(who, request, &act);
  if (!run.ok()) {
    return Refuse(desk_.committer, EntryBy(who, act, desk_.clock.Now()), run.status());
  }
  v1::StartRunResponse response;
  *response.mutable_run() = ShowRun(desk_, *run);
  return response;
}

absl::StatusOr<RunRecord> Runs::TryStart(const Requester& who, const v1::StartRunRequest& request,
                                         Act* act) {
  absl::StatusOr<PlanRecord> plan = ReadPlan(desk_, request.plan_id());
  if (!plan.ok()) return plan.status();
  act->subject = plan->id;
  act->environment = plan->environment;
  act->target = plan->target;
  absl::Status allowed = CheckRead(desk_, who, plan->environment);
  if (!allowed.ok()) return allowed;

  absl::StatusOr<std::optional<RequestRecord>> answer =
      FindAnswer(desk_, who, kStartRun, request.request_id(),
                 contract::Digest(request.run_statement().text()));
  if (!answer.ok()) return answer.status();
  if (answer->has_value()) return desk_.runs.GetRun((*answer)->subject);

  absl::Status current = CheckExpiry(*plan, desk_.clock.Now()).ToStatus();
  if (!current.ok()) return current;
  absl::StatusOr<contract::VerifiedStatement> verified = CheckStatement(
      *desk_.policy.Get(), request.run_statement(), contract::StatementType::kRun, who,
      {{"plan", contract::DigestOfPlanId(plan->id)},
       {"environment", plan->environment},
       {"target", plan->target}},
      desk_.clock.Now());
  if (!verified.ok()) return verified.status();
  return Order(who, request, *verified, plan->id, *act);
}

absl::StatusOr<RunRecord> Runs::Order(const Requester& who, const v1::StartRunRequest& request,
                                      const contract::VerifiedStatement& verified,
                                      const std::string& plan_id, const Act& act) {
  base::MutexLock deciding(desk_.deciding);
  const absl::Time now = desk_.clock.Now();
  absl::StatusOr<PlanRecord> plan = ReadPlan(desk_, plan_id);
  if (!plan.ok()) return plan.status();
  absl::StatusOr<std::vector<ApprovalRecord>> approvals = desk_.plans.ListApprovals(plan->id);
  if (!approvals.ok()) return approvals.status();
  absl::StatusOr<Circumstances> circumstances = ReadCircumstances(desk_, *plan);
  if (!circumstances.ok()) return circumstances.status();
  absl::StatusOr<std::optional<RunRecord>> active =
      ActiveRun(desk_, plan->environment, plan->target);
  if (!active.ok()) return active.status();
  absl::StatusOr<contract::EnvironmentRules> rules = RulesOf(*plan);
  if (!rules.ok()) return rules.status();

  const std::string& break_glass = verified.statement.Get("break-glass");
  const auto evaluate = break_glass.empty() ? &EvaluateRun : &EvaluateBreakGlass;
  Decision decision =
      evaluate(*desk_.policy.Get(), *plan, *approvals, *circumstances, now, SignerOf(verified));
  Append(&decision, CheckPhrase(*plan, verified.statement.Get("phrase")));
  if (const absl::Status agent = CheckAgent(desk_, {plan->environment, plan->target});
      !agent.ok()) {
    Append(&decision, agent);
  }
  if (const absl::Status guarded = desk_.guard.Check({plan->environment, plan->target});
      !guarded.ok()) {
    Append(&decision, guarded);
  }
  if (const absl::Status log = CheckWitness(desk_, plan->environment, plan->target); !log.ok()) {
    Append(&decision, log);
  }
  if (active->has_value() && (*active)->plan_id != plan->id) {
    Append(&decision,
           contract::Error(v1::REASON_TARGET_BUSY,
                           absl::StrCat("run ", contract::ShortId((*active)->id),
                                        " is going on at ", plan->environment, "/", plan->target),
                           absl::StrCat("wait for it: resetctl watch ", (*active)->id)));
  }
  absl::Status status = decision.ToStatus();
  if (!status.ok()) return status;

  RunRecord run;
  run.id = absl::StrCat("r-", base::ToHex(base::RandomBytes(8)));
  run.plan_id = plan->id;
  run.environment = plan->environment;
  run.target = plan->target;
  run.runner = verified.person;
  run.runner_key_fingerprint = verified.key.fingerprint;
  run.run_statement = request.run_statement();
  run.create_time = now;
  run.hold_until = now + rules->hold;
  run.start_before = verified.statement.start_before();
  run.state = v1::RUN_STATE_HELD;
  run.detached = request.detach();
  run.break_glass = break_glass;
  status = CheckMove(plan->state, v1::PLAN_STATE_RUNNING);
  if (!status.ok()) return status;
  plan->state = v1::PLAN_STATE_RUNNING;
  plan->last_run_id = run.id;

  Act ordered = act;
  ordered.subject = run.id;
  v1::AuditEntry entry = EntryBy(who, ordered, now);
  (*entry.mutable_evidence())["plan"] = plan->id;
  if (!break_glass.empty()) {
    (*entry.mutable_evidence())["break_glass"] = break_glass;
    entry.set_detail(absl::StrCat("break-glass: ", break_glass));
  }
  Change change;
  change.Add(InsertRun{run}).Add(UpdatePlan{*plan}).Add(NonceOf(verified.statement));
  if (!request.request_id().empty()) {
    change.Add(AnswerOf(who, kStartRun, request.request_id(),
                        contract::Digest(request.run_statement().text()), run.id, now));
  }
  status = desk_.committer.Commit(change, AuditTrail(std::move(entry))).status();
  if (!status.ok()) return status;
  base::Failpoint("controller.run.stored");
  absl::StatusOr<RunRecord> stored = desk_.runs.GetRun(run.id);
  if (stored.ok() && rules->hold > absl::ZeroDuration()) {
    flow_.StartHold(*stored);
    return stored;
  }
  status = stored.ok() ? flow_.Offer(&*stored) : stored.status();
  if (!status.ok()) {
    flow_.CancelLater(run.id, "the controller could not write down its start");
    return status;
  }
  return stored;
}

// ---- cancel ----

absl::StatusOr<v1::CancelRunResponse> Runs::Cancel(const Requester& who,
                                                   const v1::CancelRunRequest& request) {
  Act act{.action = "run.cancel", .subject = request.run_id()};
  absl::StatusOr<RunRecord> run = TryCancel(who, request, &act);
  if (!run.ok()) {
    return Refuse(desk_.committer, EntryBy(who, act, desk_.clock.Now()), run.status());
  }
  v1::CancelRunResponse response;
  *response.mutable_run() = ShowRun(desk_, *run);
  return response;
}

absl::StatusOr<RunRecord> Runs::TryCancel(const Requester& who, const v1::CancelRunRequest& request,
                                          Act* act) {
  base::MutexLock deciding(desk_.deciding);
  const absl::Time now = desk_.clock.Now();
  absl::StatusOr<RunRecord> run = FindRun(desk_, who, request.run_id());
  if (!run.ok()) return run;
  act->subject = run->id;
  act->environment = run->environment;
  act->target = run->target;
  if (run->runner != who.caller.person) {
    absl::Status allowed = MayCancel(*desk_.policy.Get(), run->environment, who.caller).ToStatus();
    if (!allowed.ok()) return allowed;
  }
  // Asked for before, or done: a retry is answered.
  if (run->state == v1::RUN_STATE_CANCELLED) return run;
  if (run->state == v1::RUN_STATE_HELD) {
    RunFlow::Move move;
    move.path = {v1::RUN_STATE_CANCELLED};
    move.entry = EntryBy(who, *act, now);
    move.problem = contract::MakeProblem(
        v1::REASON_CANCELLED,
        absl::StrCat("cancelled by ", who.caller.person, " before it began; nothing was changed"),
        "run the plan again when you are ready");
    run->cancel_requested = true;
    run->cancel_person = who.caller.person;
    absl::Status status = flow_.Apply(&*run, std::move(move));
    if (!status.ok()) return status;
    return run;
  }
  if (run->state != v1::RUN_STATE_OFFERED && run->state != v1::RUN_STATE_RUNNING &&
      run->state != v1::RUN_STATE_UNKNOWN) {
    return contract::Error(v1::REASON_WRONG_STATE,
                           absl::StrCat("run ", contract::ShortId(run->id), " is ",
                                        NameOf(run->state), ": there is nothing left to cancel"),
                           absl::StrCat("see what happened: resetctl show ", run->id));
  }
  if (!run->cancel_requested) {
    run->cancel_requested = true;
    run->cancel_person = who.caller.person;
    absl::StatusOr<CommitReceipt> done =
        desk_.committer.Commit(Change().Add(UpdateRun{*run}), AuditTrail(EntryBy(who, *act, now)));
    if (!done.ok()) return done.status();
    run = desk_.runs.GetRun(run->id);
    if (!run.ok()) return run;
    desk_.watchers.Notify(run->id);
  }
  base::Failpoint("controller.cancel.stored");
  v1::AttachResponse message;
  message.mutable_cancel()->set_run_id(run->id);
  desk_.agents.Send({run->environment, run->target}, std::move(message));
  return run;
}

// ---- resume ----

absl::StatusOr<v1::ResumeRunResponse> Runs::Resume(const Requester& who,
                                                   const v1::ResumeRunRequest& request) {
  Act act{.action = "run.resume",
          .subject = request.run_id(),
          .statement = &request.resume_statement()};
  absl::StatusOr<RunRecord> run = TryResume(who, request, &act);
  if (!run.ok()) {
    return Refuse(desk_.committer, EntryBy(who, act, desk_.clock.Now()), run.status());
  }
  v1::ResumeRunResponse response;
  *response.mutable_run() = ShowRun(desk_, *run);
  return response;
}

absl::StatusOr<RunRecord> Runs::TryResume(const Requester& who, const v1::ResumeRunRequest& request,
                                          Act* act) {
  absl::StatusOr<RunRecord> run = FindRun(desk_, who, request.run_id());
  if (!run.ok()) return run;
  act->subject = run->id;
  act->environment = run->environment;
  act->target = run->target;
  const std::string fingerprint = contract::Digest(request.resume_statement().text());
  absl::StatusOr<std::optional<RequestRecord>> answer =
      FindAnswer(desk_, who, kResumeRun, request.request_id(), fingerprint);
  if (!answer.ok()) return answer.status();
  if (answer->has_value()) return run;
  absl::StatusOr<contract::VerifiedStatement> verified = CheckStatement(
      *desk_.policy.Get(), request.resume_statement(), contract::StatementType::kResume, who,
      {{"run", run->id}, {"environment", run->environment}, {"target", run->target}},
      desk_.clock.Now());
  if (!verified.ok()) return verified.status();
  absl::Status status =
      MayCancel(*desk_.policy.Get(), run->environment, SignerOf(*verified)).ToStatus();
  if (!status.ok()) return status;

  base::MutexLock deciding(desk_.deciding);
  const absl::Time now = desk_.clock.Now();
  run = desk_.runs.GetRun(run->id);
  if (!run.ok()) return run;
  if (run->state != v1::RUN_STATE_NEEDS_ATTENTION) {
    return contract::Error(v1::REASON_WRONG_STATE,
                           absl::StrCat("run ", contract::ShortId(run->id), " is ",
                                        NameOf(run->state), ": there is nothing to resume"),
                           absl::StrCat("see what happened: resetctl show ", run->id));
  }
  const AgentHub::Key key{run->environment, run->target};
  status = CheckAgent(desk_, key);
  if (!status.ok()) return status;
  absl::StatusOr<PlanRecord> plan = desk_.plans.GetPlan(run->plan_id);
  if (!plan.ok()) return plan.status();

  RunFlow::Move move;
  move.path = {v1::RUN_STATE_COMMITTED};
  move.entry = EntryBy(who, *act, now);
  move.also.Add(NonceOf(verified->statement));
  if (!request.request_id().empty()) {
    move.also.Add(AnswerOf(who, kResumeRun, request.request_id(), fingerprint, run->id, now));
  }
  run->resume_statement = request.resume_statement();
  status = flow_.Apply(&*run, std::move(move));
  if (!status.ok()) return status;
  base::Failpoint("controller.resume.stored");
  v1::AttachResponse message;
  v1::ResumeOffer* offer = message.mutable_resume();
  offer->set_run_id(run->id);
  offer->set_document(plan->document);
  offer->set_mac(plan->mac);
  *offer->mutable_resume_statement() = request.resume_statement();
  desk_.agents.Send(key, std::move(message));
  return run;
}

// ---- look ----

absl::StatusOr<v1::GetRunResponse> Runs::Get(const Requester& who,
                                             const v1::GetRunRequest& request) {
  absl::StatusOr<RunRecord> run = FindRun(desk_, who, request.run_id());
  if (!run.ok()) return run.status();
  v1::GetRunResponse response;
  *response.mutable_run() = ShowRun(desk_, *run);
  uint64_t after = 0;
  while (true) {
    absl::StatusOr<std::vector<v1::RunEvent>> events = desk_.runs.ListEvents(run->id, after, 1000);
    if (!events.ok()) return events.status();
    if (events->empty()) return response;
    after = events->back().seq();
    for (v1::RunEvent& event : *events) *response.add_events() = std::move(event);
  }
}

absl::StatusOr<v1::ListRunsResponse> Runs::List(const Requester& who,
                                                const v1::ListRunsRequest& request) {
  v1::ListRunsResponse response;
  RunFilter filter;
  absl::StatusOr<std::vector<std::string>> environments =
      EnvironmentsToList(desk_, who, request.environment());
  if (!environments.ok()) return environments.status();
  if (environments->empty()) return response;
  filter.environments = *std::move(environments);
  if (request.state() != v1::RUN_STATE_UNSPECIFIED) filter.states = {request.state()};
  if (request.mine()) filter.runner = who.caller.person;
  absl::StatusOr<PageOf<RunRecord>> page =
      desk_.runs.ListRuns(filter, {request.page_size(), request.page_token()});
  if (!page.ok()) return page.status();
  for (const RunRecord& run : page->items) *response.add_runs() = ShowRun(desk_, run);
  response.set_next_page_token(page->next_token);
  return response;
}

}  // namespace resetctl::controller

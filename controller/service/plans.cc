#include "controller/service/plans.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "controller/domain/plan_state.h"
#include "controller/service/plan_document.h"
#include "controller/service/statement_checks.h"
#include "controller/service/wire_time.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/bundle.h"
#include "proto/contract/digest.h"
#include "proto/contract/environment_rules.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr char kCreatePlan[] = "CreatePlan";
constexpr absl::Duration kLongestOrder = absl::Minutes(15);

std::string FingerprintOf(const v1::CreatePlanRequest& request) {
  return contract::Digest(absl::StrCat(
      request.environment(), "\n", request.target(), "\n", contract::Digest(request.bundle()), "\n",
      absl::StrJoin(request.sets(), ","), "\n", request.plan_statement().text()));
}

Act CreateAct(const v1::CreatePlanRequest& request, const std::string& target) {
  return {.action = "plan.create",
          .environment = request.environment(),
          .target = target,
          .statement = &request.plan_statement()};
}

}  // namespace

Plans::Plans(Desk& desk)
    : desk_(desk),
      orders_(desk.agents, desk.scheduler, [this](const Order& order, const absl::Status& status) {
        order.done(Refuse(
            desk_.committer,
            EntryBy(order.who, CreateAct(order.request, order.target), desk_.clock.Now()), status));
      }) {}

absl::StatusOr<std::string> Plans::ResolveTarget(const v1::CreatePlanRequest& request) {
  absl::StatusOr<std::vector<AgentRecord>> agents = desk_.agent_records.ListAgents();
  if (!agents.ok()) return agents.status();
  std::vector<std::string> names;
  for (const AgentRecord& agent : *agents) {
    if (agent.environment == request.environment()) names.push_back(agent.target);
  }
  const std::string& wanted = request.target();
  if (!wanted.empty()) {
    if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
    return contract::Error(
        v1::REASON_NOT_FOUND,
        absl::StrCat("environment ", request.environment(), " has no target '", wanted, "'"),
        names.empty() ? "invite its agent: resetctl agent invite"
                      : absl::StrCat("its targets are ", absl::StrJoin(names, ", ")));
  }
  if (names.size() == 1) return names.front();
  if (names.empty()) {
    return contract::Error(
        v1::REASON_NOT_FOUND,
        absl::StrCat("environment ", request.environment(), " has no target yet"),
        "invite an agent: resetctl agent invite");
  }
  return contract::Error(
      v1::REASON_INVALID_ARGUMENT,
      absl::StrCat("environment ", request.environment(), " has ", names.size(), " targets"),
      absl::StrCat("name one with --target: ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<std::optional<Plans::Order>> Plans::Check(const Requester& who,
                                                         const v1::CreatePlanRequest& request,
                                                         v1::CreatePlanResponse* repeated) {
  absl::StatusOr<std::optional<RequestRecord>> answer =
      FindAnswer(desk_, who, kCreatePlan, request.request_id(), FingerprintOf(request));
  if (!answer.ok()) return answer.status();
  if (answer->has_value()) {
    absl::StatusOr<PlanRecord> plan = ReadPlan(desk_, (*answer)->subject);
    if (!plan.ok()) return plan.status();
    absl::StatusOr<v1::Plan> shown = ShowPlan(desk_, *plan, true);
    if (!shown.ok()) return shown.status();
    *repeated->mutable_plan() = *std::move(shown);
    return std::nullopt;
  }

  const std::shared_ptr<const Policy> policy = desk_.policy.Get();
  absl::Status allowed = MayPlan(*policy, request.environment(), who.caller).ToStatus();
  if (!allowed.ok()) return allowed;
  const contract::EnvironmentRules* rules = policy->FindEnvironment(request.environment());
  if (rules == nullptr) return absl::InternalError("an environment without rules was allowed");
  absl::StatusOr<std::string> target = ResolveTarget(request);
  if (!target.ok()) return target.status();
  allowed = desk_.guard.Check({request.environment(), *target});
  if (allowed.ok()) allowed = CheckWitness(desk_, request.environment(), *target);
  if (!allowed.ok()) return allowed;
  if (request.bundle().size() > contract::kMaxBundleBytes) {
    return contract::Error(v1::REASON_TOO_LARGE, "the blueprint and its files are over 16 MiB",
                           "load large data by other means than a reset");
  }

  std::vector<std::string> sets(request.sets().begin(), request.sets().end());
  std::sort(sets.begin(), sets.end());
  absl::StatusOr<contract::VerifiedStatement> verified =
      CheckStatement(*policy, request.plan_statement(), contract::StatementType::kPlan, who,
                     {{"environment", request.environment()},
                      {"target", *target},
                      {"sets", absl::StrJoin(sets, ",")}},
                     desk_.clock.Now());
  if (!verified.ok()) return verified.status();
  if (verified->statement.Get("bundle") != contract::Digest(request.bundle())) {
    return contract::Error(v1::REASON_BUNDLE_DIGEST_MISMATCH,
                           "the bundle that arrived is not the one that was signed",
                           "make the plan again");
  }
  // The key that signed must have the role too, not only the session's.
  allowed = MayPlan(*policy, request.environment(), SignerOf(*verified)).ToStatus();
  if (!allowed.ok()) return allowed;

  Order order;
  order.who = who;
  order.request = request;
  order.environment = request.environment();
  order.target = *target;
  order.rules = contract::ToCanonicalJson(*rules);
  order.plan_ttl = rules->plan_ttl;
  order.nonce = NonceOf(verified->statement);
  order.author = SignerOf(*verified);
  return order;
}

void Plans::Create(const Requester& who, const v1::CreatePlanRequest& request,
                   absl::Duration patience, CreateDone done) {
  v1::CreatePlanResponse repeated;
  absl::StatusOr<std::optional<Order>> checked = Check(who, request, &repeated);
  if (!checked.ok()) {
    done(Refuse(desk_.committer,
                EntryBy(who, CreateAct(request, request.target()), desk_.clock.Now()),
                checked.status()));
    return;
  }
  if (!checked->has_value()) {
    done(std::move(repeated));
    return;
  }
  Order& order = **checked;
  const AgentHub::Key key{order.environment, order.target};
  const std::string order_id = absl::StrCat("o-", base::ToHex(base::RandomBytes(16)));

  v1::AttachResponse message;
  v1::PlanOrder* plan_order = message.mutable_plan_order();
  plan_order->set_order_id(order_id);
  plan_order->set_bundle(request.bundle());
  *plan_order->mutable_sets() = request.sets();
  *plan_order->mutable_plan_statement() = request.plan_statement();
  plan_order->set_rules(order.rules);
  SetDuration(order.plan_ttl, plan_order->mutable_plan_ttl());

  order.done = std::move(done);
  orders_.Place(order_id, key, std::move(order), std::move(message),
                std::min(patience, kLongestOrder),
                contract::Error(v1::REASON_DEADLINE, "the agent did not answer in time",
                                "try again; the agent's log may say more"));
}

void Plans::TakeReply(const AgentIdentity& agent, const v1::PlanReply& reply) {
  const std::optional<Order> order =
      orders_.Take(reply.order_id(), {agent.environment, agent.target});
  if (!order) {
    base::Log(base::LogLevel::kInfo, "a plan came that nobody waits for",
              {{"agent", agent.Name()}, {"order", reply.order_id()}});
    return;
  }
  const v1::AuditEntry entry =
      EntryBy(order->who, CreateAct(order->request, order->target), desk_.clock.Now());
  if (reply.problems_size() > 0) {
    const absl::Status why = contract::ErrorFrom(reply.problems(0));
    Refuse(desk_.committer, entry, why).IgnoreError();
    v1::CreatePlanResponse response;
    *response.mutable_problems() = reply.problems();
    order->done(std::move(response));
    return;
  }
  absl::StatusOr<v1::CreatePlanResponse> response = Store(*order, reply);
  if (!response.ok()) Refuse(desk_.committer, entry, response.status()).IgnoreError();
  order->done(std::move(response));
}

absl::StatusOr<v1::CreatePlanResponse> Plans::Store(const Order& order,
                                                    const v1::PlanReply& reply) {
  const absl::Time now = desk_.clock.Now();
  const OrderedPlan ordered{order.environment,
                            order.target,
                            order.author.person,
                            order.rules,
                            order.request.bundle(),
                            order.request.plan_statement(),
                            {order.request.sets().begin(), order.request.sets().end()},
                            now,
                            now + order.plan_ttl};
  absl::StatusOr<PlanRecord> plan = ReadPlanDocument(ordered, reply.document(), reply.mac());
  if (!plan.ok()) return plan.status();
  v1::PlanDocument document;
  document.ParseFromString(plan->document);
  absl::Status bound =
      desk_.guard.CheckPlanned({order.environment, order.target}, document.database());
  if (!bound.ok()) return bound;
  plan->author_key_fingerprint = order.author.key_fingerprint;
  plan->state = v1::PLAN_STATE_PENDING_APPROVAL;
  plan->state = StateByQuorum(*desk_.policy.Get(), *plan, {}, now);

  Act act = CreateAct(order.request, order.target);
  act.subject = plan->id;
  v1::AuditEntry entry = EntryBy(order.who, act, now);
  (*entry.mutable_evidence())["bundle"] = plan->bundle_digest;
  (*entry.mutable_evidence())["policy"] = plan->policy_digest;
  (*entry.mutable_evidence())["floor"] = plan->floor_digest;
  Change change;
  change.Add(InsertPlan{*plan, order.request.bundle()}).Add(order.nonce);
  if (!order.request.request_id().empty()) {
    change.Add(AnswerOf(order.who, kCreatePlan, order.request.request_id(),
                        FingerprintOf(order.request), plan->id, now));
  }
  absl::StatusOr<CommitReceipt> done = desk_.committer.Commit(change, AuditTrail(std::move(entry)));
  if (!done.ok()) return done.status();
  plan->version = 1;
  absl::StatusOr<v1::Plan> shown = ShowPlan(desk_, *plan, true);
  if (!shown.ok()) return shown.status();
  v1::CreatePlanResponse response;
  *response.mutable_plan() = *std::move(shown);
  return response;
}

absl::StatusOr<v1::GetPlanResponse> Plans::Get(const Requester& who,
                                               const v1::GetPlanRequest& request) {
  absl::StatusOr<PlanRecord> plan = ReadPlan(desk_, request.plan_id());
  if (!plan.ok()) return plan.status();
  absl::Status allowed = CheckRead(desk_, who, plan->environment);
  if (!allowed.ok()) return allowed;
  absl::StatusOr<v1::Plan> shown = ShowPlan(desk_, *plan, true);
  if (!shown.ok()) return shown.status();
  v1::GetPlanResponse response;
  *response.mutable_plan() = *std::move(shown);
  return response;
}

absl::StatusOr<v1::ListPlansResponse> Plans::List(const Requester& who,
                                                  const v1::ListPlansRequest& request) {
  v1::ListPlansResponse response;
  PlanFilter filter;
  absl::StatusOr<std::vector<std::string>> environments =
      EnvironmentsToList(desk_, who, request.environment());
  if (!environments.ok()) return environments.status();
  if (environments->empty()) return response;
  filter.environments = *std::move(environments);
  if (request.state() != v1::PLAN_STATE_UNSPECIFIED) filter.states = {request.state()};
  absl::Status failed;
  if (request.mine()) {
    const std::shared_ptr<const Policy> policy = desk_.policy.Get();
    const absl::Time now = desk_.clock.Now();
    filter.keep = [this, policy, now, &who, &failed](const PlanRecord& plan) {
      if (plan.author == who.caller.person) return true;
      if (plan.state != v1::PLAN_STATE_PENDING_APPROVAL) return false;
      const absl::StatusOr<std::vector<ApprovalRecord>> approvals =
          desk_.plans.ListApprovals(plan.id);
      if (!approvals.ok()) {
        failed = approvals.status();
        return false;
      }
      return MayApprove(*policy, plan, *approvals, now, who.caller).allowed();
    };
  }
  absl::StatusOr<PageOf<PlanRecord>> page =
      desk_.plans.ListPlans(filter, {request.page_size(), request.page_token()});
  if (!page.ok()) return page.status();
  if (!failed.ok()) return failed;
  for (const PlanRecord& plan : page->items) {
    absl::StatusOr<v1::Plan> shown = ShowPlan(desk_, plan, false);
    if (!shown.ok()) return shown.status();
    *response.add_plans() = *std::move(shown);
  }
  response.set_next_page_token(page->next_token);
  return response;
}

absl::StatusOr<v1::WithdrawPlanResponse> Plans::Withdraw(const Requester& who,
                                                         const v1::WithdrawPlanRequest& request) {
  base::MutexLock deciding(desk_.deciding);
  const absl::Time now = desk_.clock.Now();
  Act act{.action = "plan.withdraw", .subject = request.plan_id()};
  absl::StatusOr<PlanRecord> plan = ReadPlan(desk_, request.plan_id());
  if (!plan.ok()) return Refuse(desk_.committer, EntryBy(who, act, now), plan.status());
  act = {.action = "plan.withdraw",
         .subject = plan->id,
         .environment = plan->environment,
         .target = plan->target};
  absl::Status allowed = CheckRead(desk_, who, plan->environment);
  // A repeated withdrawal is answered, not refused.
  const bool again = plan->state == v1::PLAN_STATE_WITHDRAWN && plan->author == who.caller.person;
  if (allowed.ok() && !again) {
    allowed = MayWithdraw(*desk_.policy.Get(), *plan, who.caller).ToStatus();
    if (allowed.ok()) allowed = CheckMove(plan->state, v1::PLAN_STATE_WITHDRAWN);
    if (allowed.ok()) {
      plan->state = v1::PLAN_STATE_WITHDRAWN;
      plan->state_reason = absl::StrCat("withdrawn by ", who.caller.person);
      allowed = desk_.committer
                    .Commit(Change().Add(UpdatePlan{*plan}), AuditTrail(EntryBy(who, act, now)))
                    .status();
    }
  }
  if (!allowed.ok()) return Refuse(desk_.committer, EntryBy(who, act, now), allowed);
  absl::StatusOr<v1::Plan> shown = ShowPlan(desk_, *plan, true);
  if (!shown.ok()) return shown.status();
  v1::WithdrawPlanResponse response;
  *response.mutable_plan() = *std::move(shown);
  return response;
}

absl::StatusOr<v1::GetBundleResponse> Plans::GetBundle(const Requester& who,
                                                       const v1::GetBundleRequest& request) {
  absl::StatusOr<PlanRecord> plan = ReadPlan(desk_, request.plan_id());
  if (!plan.ok()) return plan.status();
  absl::Status allowed = CheckRead(desk_, who, plan->environment);
  if (!allowed.ok()) return allowed;
  absl::StatusOr<std::string> bundle = desk_.plans.GetBundle(plan->bundle_digest);
  if (!bundle.ok()) return bundle.status();
  v1::GetBundleResponse response;
  response.set_bundle(*std::move(bundle));
  return response;
}

void Plans::ExpireDue() {
  PlanFilter filter;
  filter.states = {v1::PLAN_STATE_PENDING_APPROVAL, v1::PLAN_STATE_APPROVED};
  filter.expired_at = desk_.clock.Now();
  const absl::StatusOr<PageOf<PlanRecord>> page = desk_.plans.ListPlans(filter, {500, ""});
  if (!page.ok()) {
    base::Log(base::LogLevel::kError, "expired plans could not be listed",
              {{"error", page.status().message()}});
    return;
  }
  for (const PlanRecord& plan : page->items) ReadPlan(desk_, plan.id).status().IgnoreError();
}

}  // namespace resetctl::controller

#include "controller/service/rebinds.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/service/statement_checks.h"
#include "proto/base/failpoint.h"
#include "proto/base/text.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

constexpr absl::Duration kLongestOrder = absl::Minutes(2);

Act RebindAct(const v1::RebindTargetRequest& request) {
  return {.action = "target.rebind",
          .subject = absl::StrCat(request.environment(), "/", request.target()),
          .environment = request.environment(),
          .target = request.target(),
          .statement = &request.admin_statement(),
          .arguments = contract::RebindAction(request.environment(), request.target()).arguments};
}

}  // namespace

Rebinds::Rebinds(Desk& desk)
    : desk_(desk),
      orders_(desk.agents, desk.scheduler, [this](const Order& order, const absl::Status& status) {
        order.done(Refuse(desk_.committer,
                          EntryBy(order.who, RebindAct(order.request), desk_.clock.Now()), status));
      }) {}

absl::StatusOr<UseNonce> Rebinds::Check(const Requester& who,
                                        const v1::RebindTargetRequest& request) {
  const absl::StatusOr<contract::VerifiedStatement> verified = CheckAdminStatement(
      *desk_.policy.Get(), request.admin_statement(),
      contract::RebindAction(request.environment(), request.target()), who, desk_.clock.Now());
  if (!verified.ok()) return verified.status();
  absl::Status agent = CheckAgent(desk_, {request.environment(), request.target()});
  if (!agent.ok()) return agent;
  const absl::StatusOr<std::optional<RunRecord>> active =
      ActiveRun(desk_, request.environment(), request.target());
  if (!active.ok()) return active.status();
  // Of an UNKNOWN run the agent can say no more than the database; a rebind may be what ends it.
  if (active->has_value() && (*active)->state != v1::RUN_STATE_UNKNOWN) {
    return contract::Error(
        v1::REASON_TARGET_BUSY,
        absl::StrCat("run ", contract::ShortId((*active)->id), " is going on at ",
                     request.environment(), "/", request.target()),
        absl::StrCat("wait for its end: resetctl watch ", (*active)->id));
  }
  return NonceOf(verified->statement);
}

void Rebinds::Rebind(const Requester& who, const v1::RebindTargetRequest& request,
                     absl::Duration patience, Done done) {
  absl::StatusOr<UseNonce> nonce = Check(who, request);
  if (!nonce.ok()) {
    done(Refuse(desk_.committer, EntryBy(who, RebindAct(request), desk_.clock.Now()),
                nonce.status()));
    return;
  }
  const std::string order_id = absl::StrCat("b-", base::ToHex(base::RandomBytes(16)));
  v1::AttachResponse message;
  message.mutable_rebind()->set_order_id(order_id);
  *message.mutable_rebind()->mutable_admin_statement() = request.admin_statement();
  Order order{who, request, *std::move(nonce), std::move(done)};
  const AgentHub::Key key = order.key();
  orders_.Place(order_id, key, std::move(order), std::move(message),
                std::min(patience, kLongestOrder),
                contract::Error(v1::REASON_DEADLINE, "the agent did not answer in time",
                                "look at the target: resetctl target show; then try again"));
}

void Rebinds::TakeReply(const AgentIdentity& agent, const v1::RebindReply& reply) {
  const std::optional<Order> order =
      orders_.Take(reply.order_id(), {agent.environment, agent.target});
  if (!order) return;
  const v1::AuditEntry entry = EntryBy(order->who, RebindAct(order->request), desk_.clock.Now());
  if (reply.problems_size() > 0) {
    Refuse(desk_.committer, entry, contract::ErrorFrom(reply.problems(0))).IgnoreError();
    v1::RebindTargetResponse response;
    *response.mutable_problems() = reply.problems();
    order->done(std::move(response));
    return;
  }
  absl::StatusOr<v1::RebindTargetResponse> response = Bind(*order, reply);
  if (!response.ok()) Refuse(desk_.committer, entry, response.status()).IgnoreError();
  order->done(std::move(response));
}

absl::StatusOr<v1::RebindTargetResponse> Rebinds::Bind(const Order& order,
                                                       const v1::RebindReply& reply) {
  const AgentHub::Key key = order.key();
  const absl::Time now = desk_.clock.Now();
  absl::StatusOr<AgentRecord> record = desk_.agent_records.GetAgent(key.first, key.second);
  if (!record.ok()) return record.status();
  v1::AgentHello hello;
  hello.ParseFromString(record->hello);
  *hello.mutable_database() = reply.database();
  *hello.mutable_cache() = reply.cache();
  hello.clear_problem();
  v1::AuditEntry entry = EntryBy(order.who, RebindAct(order.request), now);
  (*entry.mutable_evidence())["database"] =
      absl::StrCat(reply.database().database_name(), " ", reply.database().system_identifier(), " ",
                   reply.database().database_oid(), " ", reply.database().marker());
  absl::Status done =
      desk_.committer
          .Commit(Change()
                      .Add(order.nonce)
                      .Add(BindTarget{key.first, key.second, reply.database().SerializeAsString()})
                      .Add(SetAgentHello{key.first, key.second, hello.SerializeAsString(), now}),
                  AuditTrail(std::move(entry)))
          .status();
  if (!done.ok()) return done;
  base::Failpoint("controller.rebind.stored");
  desk_.guard.Attached(key);
  record = desk_.agent_records.GetAgent(key.first, key.second);
  if (!record.ok()) return record.status();
  v1::RebindTargetResponse response;
  *response.mutable_target() = ShowTarget(desk_, *record);
  return response;
}

}  // namespace resetctl::controller

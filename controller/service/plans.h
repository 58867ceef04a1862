#ifndef RESETCTL_CONTROLLER_SERVICE_PLANS_H_
#define RESETCTL_CONTROLLER_SERVICE_PLANS_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/service/agent_orders.h"
#include "controller/service/desk.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::controller {

// Plans: ordered from agents, stored as the agents made them, shown, withdrawn, expired.
class Plans {
 public:
  using CreateDone = std::function<void(absl::StatusOr<v1::CreatePlanResponse>)>;

  explicit Plans(Desk& desk);

  // Checks role and statement, then orders the plan from the target's agent; `done` is called once, from any thread:
  //   with the stored plan, or with the agent's problems and no plan;
  //   AGENT_OFFLINE at once, or when the agent is lost meanwhile; DEADLINE after `patience`.
  void Create(const Requester& who, const v1::CreatePlanRequest& request, absl::Duration patience,
              CreateDone done);

  absl::StatusOr<v1::GetPlanResponse> Get(const Requester& who, const v1::GetPlanRequest& request);
  absl::StatusOr<v1::ListPlansResponse> List(const Requester& who,
                                             const v1::ListPlansRequest& request);
  absl::StatusOr<v1::WithdrawPlanResponse> Withdraw(const Requester& who,
                                                    const v1::WithdrawPlanRequest& request);
  absl::StatusOr<v1::GetBundleResponse> GetBundle(const Requester& who,
                                                  const v1::GetBundleRequest& request);

  // From agents. A reply to an order that nobody waits for any more is dropped.
  void TakeReply(const AgentIdentity& agent, const v1::PlanReply& reply);
  void AgentLost(const AgentIdentity& agent) {
    orders_.AgentLost({agent.environment, agent.target});
  }

  // Writes down the expiry of every plan whose time is over.
  void ExpireDue();

 private:
  struct Order {
    Requester who;
    v1::CreatePlanRequest request;
    std::string environment, target;
    std::string rules;
    absl::Duration plan_ttl;
    UseNonce nonce;
    Caller author;
    CreateDone done;
  };

  // Nothing: the request was answered before, with what is in `repeated` now.
  absl::StatusOr<std::optional<Order>> Check(const Requester& who,
                                             const v1::CreatePlanRequest& request,
                                             v1::CreatePlanResponse* repeated);
  absl::StatusOr<std::string> ResolveTarget(const v1::CreatePlanRequest& request);
  absl::StatusOr<v1::CreatePlanResponse> Store(const Order& order, const v1::PlanReply& reply);

  Desk& desk_;
  AgentOrders<Order> orders_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_PLANS_H_

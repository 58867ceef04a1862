#ifndef RESETCTL_CONTROLLER_SERVICE_REBINDS_H_
#define RESETCTL_CONTROLLER_SERVICE_REBINDS_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/service/agent_orders.h"
#include "controller/service/desk.h"
#include "resetctl/v1/agent_link.pb.h"
#include "resetctl/v1/target.pb.h"

namespace resetctl::controller {

// `target rebind`: an admin says, signed, that a target's database and cache are meant to be the ones that its agent sees now.
// The agent verifies the statement against its own floor and writes its marks; then the controller binds what it reports.
class Rebinds {
 public:
  using Done = std::function<void(absl::StatusOr<v1::RebindTargetResponse>)>;

  explicit Rebinds(Desk& desk);

  // `done` is called once, after `patience` at the latest. AGENT_OFFLINE, TARGET_BUSY while a run is active.
  void Rebind(const Requester& who, const v1::RebindTargetRequest& request, absl::Duration patience,
              Done done);
  void TakeReply(const AgentIdentity& agent, const v1::RebindReply& reply);
  void AgentLost(const AgentIdentity& agent) {
    orders_.AgentLost({agent.environment, agent.target});
  }

 private:
  struct Order {
    Requester who;
    v1::RebindTargetRequest request;
    UseNonce nonce;
    Done done;
    AgentHub::Key key() const { return {request.environment(), request.target()}; }
  };

  absl::StatusOr<UseNonce> Check(const Requester& who, const v1::RebindTargetRequest& request);
  absl::StatusOr<v1::RebindTargetResponse> Bind(const Order& order, const v1::RebindReply& reply);

  Desk& desk_;
  AgentOrders<Order> orders_;
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_REBINDS_H_

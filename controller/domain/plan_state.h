#ifndef RESETCTL_CONTROLLER_DOMAIN_PLAN_STATE_H_
#define RESETCTL_CONTROLLER_DOMAIN_PLAN_STATE_H_

#include <array>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/reason.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::controller {

// The life of a plan (DESIGN §9). Only a COMMIT consumes one.
//
//                          quorum            run ordered          COMMIT
//   PENDING_APPROVAL ----------------> APPROVED ------> RUNNING ----------> CONSUMED
//      |   |   |   ^                   | | | |  ^         |  |
//      |   |   |   '--- taken back ----' | | |  '---------'  |  refused, rolled back, cancelled
//      |   |   |                         | | |               |
//      |   |   '---> REJECTED  <---------' | |               |
//      |   '-------> WITHDRAWN <-----------' |               |
//      '-----------> EXPIRED   <-------------'               |
//                    STALE     <-------- the target is no longer what was planned
//
// Whoever breaks the glass runs a plan that is PENDING_APPROVAL; when nothing was committed, it waits again.
// From PENDING_APPROVAL and APPROVED a plan may also become STALE (an agent that reports a new
// floor, say). A plan that is RUNNING does not expire, cannot be rejected and cannot be withdrawn:
// cancel the run.
struct PlanEdge {
  v1::PlanState from;
  v1::PlanState to;
};

inline constexpr std::array kPlanEdges = {
    PlanEdge{v1::PLAN_STATE_PENDING_APPROVAL, v1::PLAN_STATE_APPROVED},
    PlanEdge{v1::PLAN_STATE_PENDING_APPROVAL, v1::PLAN_STATE_REJECTED},
    PlanEdge{v1::PLAN_STATE_PENDING_APPROVAL, v1::PLAN_STATE_EXPIRED},
    PlanEdge{v1::PLAN_STATE_PENDING_APPROVAL, v1::PLAN_STATE_STALE},
    PlanEdge{v1::PLAN_STATE_PENDING_APPROVAL, v1::PLAN_STATE_WITHDRAWN},
    PlanEdge{v1::PLAN_STATE_PENDING_APPROVAL, v1::PLAN_STATE_RUNNING},  // break-glass
    PlanEdge{v1::PLAN_STATE_APPROVED, v1::PLAN_STATE_PENDING_APPROVAL},
    PlanEdge{v1::PLAN_STATE_APPROVED, v1::PLAN_STATE_RUNNING},
    PlanEdge{v1::PLAN_STATE_APPROVED, v1::PLAN_STATE_REJECTED},
    PlanEdge{v1::PLAN_STATE_APPROVED, v1::PLAN_STATE_EXPIRED},
    PlanEdge{v1::PLAN_STATE_APPROVED, v1::PLAN_STATE_STALE},
    PlanEdge{v1::PLAN_STATE_APPROVED, v1::PLAN_STATE_WITHDRAWN},
    PlanEdge{v1::PLAN_STATE_RUNNING, v1::PLAN_STATE_APPROVED},
    PlanEdge{v1::PLAN_STATE_RUNNING, v1::PLAN_STATE_PENDING_APPROVAL},  // after break-glass
    PlanEdge{v1::PLAN_STATE_RUNNING, v1::PLAN_STATE_CONSUMED},
    PlanEdge{v1::PLAN_STATE_RUNNING, v1::PLAN_STATE_STALE},
};

constexpr bool CanMove(v1::PlanState from, v1::PlanState to) {
  for (const PlanEdge& edge : kPlanEdges) {
    if (edge.from == from && edge.to == to) return true;
  }
  return false;
}

// No edge leads out of it.
constexpr bool IsTerminal(v1::PlanState state) {
  for (const PlanEdge& edge : kPlanEdges) {
    if (edge.from == state) return false;
  }
  return true;
}

// 'PENDING_APPROVAL': as people and scripts see it.
absl::string_view NameOf(v1::PlanState state);

// REASON_WRONG_STATE, naming both states, for an edge that is not in the table.
absl::Status CheckMove(v1::PlanState from, v1::PlanState to);

// What the state of its run says about a plan that is RUNNING. Nothing while the run goes on or its
// outcome is UNKNOWN:
//   COMMITTED, SUCCEEDED, NEEDS_ATTENTION   CONSUMED
//   REFUSED, ROLLED_BACK, CANCELLED         STALE when `why` is one of REASON_STALE_*, else
//   APPROVED again
std::optional<v1::PlanState> PlanAfterRun(v1::RunState run, v1::Reason why);

// One of REASON_STALE_*: the plan no longer describes the target.
bool IsStaleReason(v1::Reason reason);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_PLAN_STATE_H_

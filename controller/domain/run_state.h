#ifndef RESETCTL_CONTROLLER_DOMAIN_RUN_STATE_H_
#define RESETCTL_CONTROLLER_DOMAIN_RUN_STATE_H_

#include <array>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::controller {

// The life of a run (DESIGN §9).
//
//                                               .------- resume -------.
//                                               v                      |
//   HELD -----> OFFERED -----> RUNNING -----> COMMITTED -----> NEEDS_ATTENTION
//                                               |
//                                               '------------> SUCCEEDED
//
//   from OFFERED, RUNNING                 UNKNOWN      until the target answers
//   from UNKNOWN                          one of the three below, COMMITTED, or RUNNING after all
//   from HELD, OFFERED, RUNNING, UNKNOWN  REFUSED      the agent said no, nothing touched
//   from OFFERED, RUNNING, UNKNOWN        ROLLED_BACK  nothing changed
//   from HELD, OFFERED, RUNNING, UNKNOWN  CANCELLED    nothing changed
//
// The controller hears of a run through an agent's reports, which can arrive late and skip a state:
// an offer whose answer was lost can turn out to have ended, so OFFERED leads wherever RUNNING
// does. COMMITTED is never skipped: a report of SUCCEEDED for a run that is OFFERED is two moves.
struct RunEdge {
  v1::RunState from;
  v1::RunState to;
};

inline constexpr std::array kRunEdges = {
    RunEdge{v1::RUN_STATE_HELD, v1::RUN_STATE_OFFERED},
    RunEdge{v1::RUN_STATE_HELD, v1::RUN_STATE_CANCELLED},
    RunEdge{v1::RUN_STATE_HELD, v1::RUN_STATE_REFUSED},
    RunEdge{v1::RUN_STATE_OFFERED, v1::RUN_STATE_RUNNING},
    RunEdge{v1::RUN_STATE_OFFERED, v1::RUN_STATE_REFUSED},
    RunEdge{v1::RUN_STATE_OFFERED, v1::RUN_STATE_ROLLED_BACK},
    RunEdge{v1::RUN_STATE_OFFERED, v1::RUN_STATE_CANCELLED},
    RunEdge{v1::RUN_STATE_OFFERED, v1::RUN_STATE_COMMITTED},
    RunEdge{v1::RUN_STATE_OFFERED, v1::RUN_STATE_UNKNOWN},
    RunEdge{v1::RUN_STATE_RUNNING, v1::RUN_STATE_REFUSED},
    RunEdge{v1::RUN_STATE_RUNNING, v1::RUN_STATE_ROLLED_BACK},
    RunEdge{v1::RUN_STATE_RUNNING, v1::RUN_STATE_CANCELLED},
    RunEdge{v1::RUN_STATE_RUNNING, v1::RUN_STATE_COMMITTED},
    RunEdge{v1::RUN_STATE_RUNNING, v1::RUN_STATE_UNKNOWN},
    RunEdge{v1::RUN_STATE_COMMITTED, v1::RUN_STATE_SUCCEEDED},
    RunEdge{v1::RUN_STATE_COMMITTED, v1::RUN_STATE_NEEDS_ATTENTION},
    RunEdge{v1::RUN_STATE_NEEDS_ATTENTION, v1::RUN_STATE_COMMITTED},
    RunEdge{v1::RUN_STATE_UNKNOWN, v1::RUN_STATE_RUNNING},
    RunEdge{v1::RUN_STATE_UNKNOWN, v1::RUN_STATE_REFUSED},
    RunEdge{v1::RUN_STATE_UNKNOWN, v1::RUN_STATE_ROLLED_BACK},
    RunEdge{v1::RUN_STATE_UNKNOWN, v1::RUN_STATE_CANCELLED},
    RunEdge{v1::RUN_STATE_UNKNOWN, v1::RUN_STATE_COMMITTED},
};

constexpr bool CanMove(v1::RunState from, v1::RunState to) {
  for (const RunEdge& edge : kRunEdges) {
    if (edge.from == from && edge.to == to) return true;
  }
  return false;
}

// No edge leads out of it: SUCCEEDED, REFUSED, ROLLED_BACK, CANCELLED. (NEEDS_ATTENTION can be
// resumed.)
constexpr bool IsTerminal(v1::RunState state) {
  for (const RunEdge& edge : kRunEdges) {
    if (edge.from == state) return false;
  }
  return true;
}

// Work on the target goes on or may go on: at most one such run per target at a time.
constexpr bool IsActive(v1::RunState state) {
  return state == v1::RUN_STATE_HELD || state == v1::RUN_STATE_OFFERED ||
         state == v1::RUN_STATE_RUNNING || state == v1::RUN_STATE_COMMITTED ||
         state == v1::RUN_STATE_UNKNOWN;
}

// 'NEEDS_ATTENTION': as people and scripts see it.
absl::string_view NameOf(v1::RunState state);

// REASON_WRONG_STATE, naming both states, for an edge that is not in the table.
absl::Status CheckMove(v1::RunState from, v1::RunState to);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_RUN_STATE_H_

#ifndef RESETCTL_AGENT_SERVICE_FLOOR_H_
#define RESETCTL_AGENT_SERVICE_FLOOR_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/contract/approval_rules.h"
#include "proto/contract/environment_rules.h"

namespace resetctl::agent {

// The agent's own rules (TRUST §4), a file of the database's owner. Policy and floor must both say yes; that nobody can
// reset alone, not even the controller, rests on this one.
struct Floor {
  contract::Groups groups;
  std::set<std::string> robots;   // may plan and run where a group says so, never approve
  std::vector<std::string> plan;  // groups
  std::vector<std::string> run;   // groups
  contract::ApprovalRule approvals;
  std::optional<contract::BreakGlass> break_glass;  // none: nobody may
  std::vector<std::string> rebind;                  // groups; as `run` where the file says nothing
  absl::Duration max_plan_age = absl::Hours(24);
  contract::BlockerAction blockers = contract::BlockerAction::kRefuse;  // the most that is allowed
  std::string digest;   // "sha256:<hex>" of the file's bytes
  std::string summary;  // one line for people

  bool MayPlan(absl::string_view person) const;
  bool MayRun(absl::string_view person) const;
  bool MayRebind(absl::string_view person) const;
  // Persons whose approval could count, sorted.
  std::vector<std::string> Approvers() const;
  bool IsRobot(absl::string_view person) const;
};

// TRUST_FILES_INVALID with every problem and its line; BACKUP_UNSUPPORTED for `backup: required`. A rule that this version
// does not know is an error, never ignored.
absl::StatusOr<Floor> ParseFloor(absl::string_view yaml);

// The milder of the two: what policy asks for, as far as the floor goes along.
contract::BlockerAction Milder(contract::BlockerAction a, contract::BlockerAction b);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_FLOOR_H_

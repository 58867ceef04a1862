#ifndef RESETCTL_PROTO_CONTRACT_ENVIRONMENT_RULES_H_
#define RESETCTL_PROTO_CONTRACT_ENVIRONMENT_RULES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/contract/approval_rules.h"

namespace resetctl::contract {

// The same blueprint must have succeeded there within a time.
struct Rehearsal {
  std::string environment;
  absl::Duration within;
};

// Who may run without the approvals, windows, freeze and rehearsal that are asked for otherwise (TRUST §8).
struct BreakGlass {
  std::vector<std::string> groups;
  int approvals = 0;  // still required, from these groups, not the runner's own
};

enum class BlockerAction { kRefuse, kTerminateIdle, kTerminate };

// One environment's rules of the policy, embedded in each plan (DESIGN §8). `policy:` in statements is the digest of the
// canonical JSON. People, keys and freezes are not part of it: they are taken live.
struct EnvironmentRules {
  std::vector<std::string> read;  // groups; 'everyone' is every known person
  std::vector<std::string> plan;
  std::vector<std::string> run;
  ApprovalRule approvals;
  absl::Duration plan_ttl = absl::Hours(24);
  std::string confirm;  // phrase; empty: none
  absl::Duration hold = absl::ZeroDuration();
  std::optional<Rehearsal> after_success_in;
  std::vector<std::string>
      windows;  // 'Sat 02:00-06:00 Europe/Berlin'; empty: any time. Judged by the controller alone
  std::optional<BreakGlass> break_glass;
  int64_t row_growth_percent = 5;  // stale only when both are exceeded
  int64_t row_growth_rows = 1000;
  absl::Duration blockers_give_up_after = absl::Seconds(30);
  BlockerAction blockers_action = BlockerAction::kRefuse;
};

// Keys sorted, no spaces, durations in whole milliseconds: equal rules give equal bytes.
std::string ToCanonicalJson(const EnvironmentRules& rules);
// Refuses unknown keys (REASON_RULE_UNSUPPORTED): a rule that this version does not implement is never ignored.
absl::StatusOr<EnvironmentRules> ParseCanonicalJson(absl::string_view json);

// One line for people: "2 approvals from dba, product; phrase; hold 5 s".
std::string Summarize(const EnvironmentRules& rules);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_ENVIRONMENT_RULES_H_

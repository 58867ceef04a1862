#ifndef RESETCTL_CLIENT_APP_STATEMENTS_H_
#define RESETCTL_CLIENT_APP_STATEMENTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/environment_rules.h"
#include "proto/contract/statement.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {

// Every statement is built here, from bytes that this program hashed itself; it never signs text that it received
// (TRUST §2). All pure.

// A plan whose bytes were hashed: its id is their digest, its rules are what `policy_digest` names. Whatever else the
// controller says about the plan is for display.
struct CheckedPlan {
  std::string id;      // 'p-' + 64 hex digits
  std::string digest;  // sha256:...
  v1::PlanDocument document;
  contract::EnvironmentRules rules;

  // What its runner types; empty when the rules ask for nothing.
  std::string Phrase() const;
};

// DIGEST_MISMATCH when the bytes are not what the id, or `asked` (the id or prefix that the person typed), names;
// RULE_UNSUPPORTED when the plan's rules are of a newer version.
absl::StatusOr<CheckedPlan> CheckPlan(const v1::Plan& plan, absl::string_view asked);

absl::StatusOr<contract::Statement> LoginStatement(absl::string_view ca_pin,
                                                   absl::string_view challenge,
                                                   absl::string_view person, absl::Time now);

struct PlanWish {
  std::string environment;
  std::string target;
  std::string bundle;  // the bytes
  std::vector<std::string> sets;
  std::string reason;
};
absl::StatusOr<contract::Statement> PlanStatement(const PlanWish& wish, absl::string_view person,
                                                  absl::Time now);

// Until when an approval, given now, lets a run start: the plan's expiry or the rules' approval lifetime.
absl::Time ApprovalStartBefore(const CheckedPlan& plan, absl::Time now);
// `decision`: approve, reject, unapprove.
absl::StatusOr<contract::Statement> ApprovalStatement(const CheckedPlan& plan,
                                                      absl::string_view decision,
                                                      absl::string_view reason,
                                                      absl::string_view person, absl::Time now);

// WRONG_PHRASE unless `typed` is exactly what the plan's rules ask for.
absl::Status CheckPhrase(const CheckedPlan& plan, absl::string_view typed);
// `break_glass`: why; empty for an ordinary run.
absl::StatusOr<contract::Statement> RunStatement(const CheckedPlan& plan, absl::string_view typed,
                                                 absl::string_view break_glass,
                                                 absl::string_view person, absl::Time now);

// What an admin signs: a verb and the digest of its arguments.
absl::StatusOr<contract::Statement> AdminStatement(const contract::AdminAction& action,
                                                   absl::string_view person, absl::Time now);

// `run_id` of a run of `plan`.
absl::StatusOr<contract::Statement> ResumeStatement(absl::string_view run_id,
                                                    const CheckedPlan& plan,
                                                    absl::string_view person, absl::Time now);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_APP_STATEMENTS_H_

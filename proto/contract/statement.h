#ifndef RESETCTL_PROTO_CONTRACT_STATEMENT_H_
#define RESETCTL_PROTO_CONTRACT_STATEMENT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace resetctl::contract {

// TRUST §2. Statements are small texts that a person can read: first line the type (also the SSH
// signature namespace), then one `name: value` a line in a fixed order, LF endings, at most 64 KiB.
//
// The client builds a statement from what it hashed itself (StatementBuilder). A verifier parses
// strictly and compares every field with what it is about to do; it rebuilds nothing.
enum class StatementType { kLogin, kPlan, kApproval, kRun, kResume, kAdmin };

inline constexpr char kLoginStatement[] = "resetctl-login-v1";
inline constexpr char kPlanStatement[] = "resetctl-plan-v1";
inline constexpr char kApprovalStatement[] = "resetctl-approval-v1";
inline constexpr char kRunStatement[] = "resetctl-run-v1";
inline constexpr char kResumeStatement[] = "resetctl-resume-v1";
inline constexpr char kAdminStatement[] = "resetctl-admin-v1";

// The fields of each type, in order. One marked '?' may be absent, never empty:
//
//   login:    ca-pin challenge expires person time nonce
//   plan:     environment target bundle sets? reason? person time nonce
//   approval: plan environment target decision person policy floor start-before reason? time nonce
//   run:      plan environment target phrase? break-glass? person start-before time nonce
//   resume:   run environment target person time nonce
//   admin:    verb arguments person time nonce
//
// ca-pin: sha256:.., or "none" on a loopback without TLS; challenge: base64 of 32 bytes;
// bundle, policy, floor, arguments: sha256:..; sets: sorted, ','-joined;
// `plan` is the plan's digest "sha256:<64 hex>"; decision: approve | reject | unapprove.
class Statement {
 public:
  // Refuses (REASON_STATEMENT_INVALID, naming the line): CR, NUL or other control characters,
  // unknown type, unknown, missing, repeated, empty or reordered fields, a missing final LF, bad
  // UTF-8, over 64 KiB, malformed times, digests or nonces (16 to 64 characters of base64url),
  // values that begin or end with a blank, names that are no IsName(), invisible or
  // direction-changing characters in free text.
  static absl::StatusOr<Statement> Parse(absl::string_view text);

  StatementType type() const { return type_; }
  const std::string& text() const { return text_; }
  absl::string_view namespace_name() const;  // 'resetctl-plan-v1'
  // Empty when an optional field is absent.
  const std::string& Get(absl::string_view field) const;

  const std::string& person() const { return Get("person"); }
  const std::string& nonce() const { return Get("nonce"); }
  absl::Time time() const;          // field `time`
  absl::Time start_before() const;  // InfiniteFuture when the type has none

 private:
  friend class StatementBuilder;
  StatementType type_ = StatementType::kLogin;
  std::string text_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Collects fields in any order, writes them in the type's order. Build() adds a random nonce, and
// fails like Parse.
//   StatementBuilder(StatementType::kRun).Set("plan", digest)....SetTime("time", now).Build();
class StatementBuilder {
 public:
  explicit StatementBuilder(StatementType type) : type_(type) {}
  // An empty value leaves an optional field out. Line ends and tabs in `value` become spaces,
  // blanks at either end go; of two values for one field the later stands.
  StatementBuilder& Set(absl::string_view field, absl::string_view value);
  StatementBuilder& SetTime(absl::string_view field, absl::Time time);
  absl::StatusOr<Statement> Build();

 private:
  StatementType type_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

// A person, environment, target or run as statements name them: letters, digits and . _ @ + -, up
// to 128, the first a letter or digit.
bool IsName(absl::string_view text);

// In `ca-pin` when there is no TLS (loopback tests only).
inline constexpr char kNoCaPin[] = "none";

absl::string_view StatementNamespace(StatementType type);

// RFC 3339, UTC, whole seconds: 2026-11-24T08:12:44Z.
std::string FormatStatementTime(absl::Time time);

}  // namespace resetctl::contract

#endif  // RESETCTL_PROTO_CONTRACT_STATEMENT_H_

#include "proto/contract/reasons.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "proto/base/text.h"

namespace resetctl::contract {
namespace {

constexpr char kPayloadUrl[] = "type.googleapis.com/resetctl.v1.Problem";
constexpr char kPrefix[] = "REASON_";

using C = absl::StatusCode;
using E = ExitCode;

// What the caller should do decides the code: INVALID_ARGUMENT fix the request; FAILED_PRECONDITION
// act, then retry; PERMISSION_DENIED ask somebody; UNAUTHENTICATED log in; ABORTED re-read and
// retry; UNAVAILABLE and RESOURCE_EXHAUSTED back off; UNKNOWN never retry blindly. `retryable`: the
// very same request may succeed later, without anybody acting.
constexpr ReasonRow kRows[] = {
    {v1::REASON_UNSPECIFIED, C::kInternal, E::kInternal, false},
    {v1::REASON_INTERNAL, C::kInternal, E::kInternal, false},

    {v1::REASON_INVALID_ARGUMENT, C::kInvalidArgument, E::kUsage, false},
    {v1::REASON_NOT_FOUND, C::kNotFound, E::kUsage, false},
    {v1::REASON_AMBIGUOUS_ID, C::kInvalidArgument, E::kUsage, false},
    {v1::REASON_BLUEPRINT_INVALID, C::kInvalidArgument, E::kUsage, false},
    {v1::REASON_CONFIG_INVALID, C::kInvalidArgument, E::kUsage, false},
    {v1::REASON_POLICY_INVALID, C::kInvalidArgument, E::kUsage, false},
    {v1::REASON_STATEMENT_INVALID, C::kInvalidArgument, E::kUsage, false},
    {v1::REASON_TOO_LARGE, C::kInvalidArgument, E::kUsage, false},
    {v1::REASON_BUNDLE_DIGEST_MISMATCH, C::kInvalidArgument, E::kUsage, false},
    {v1::REASON_ENTRIES_ARCHIVED, C::kFailedPrecondition, E::kUsage, false},

    {v1::REASON_UNAUTHENTICATED, C::kUnauthenticated, E::kNotAllowed, false},
    {v1::REASON_SESSION_EXPIRED, C::kUnauthenticated, E::kNotAllowed, false},
    {v1::REASON_UNKNOWN_PERSON, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_UNKNOWN_KEY, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_BAD_SIGNATURE, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_ROLE_MISSING, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_APPROVALS_MISSING, C::kFailedPrecondition, E::kNotAllowed, false},
    {v1::REASON_SELF_APPROVAL, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_ALREADY_APPROVED, C::kAlreadyExists, E::kNotAllowed, false},
    {v1::REASON_NOT_AN_APPROVER, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_ROBOT_CANNOT_APPROVE, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_WRONG_PHRASE, C::kInvalidArgument, E::kNotAllowed, false},
    {v1::REASON_FROZEN, C::kFailedPrecondition, E::kNotAllowed, true},
    {v1::REASON_OUTSIDE_WINDOW, C::kFailedPrecondition, E::kNotAllowed, true},
    {v1::REASON_PLAN_EXPIRED, C::kFailedPrecondition, E::kNotAllowed, false},
    {v1::REASON_WRONG_STATE, C::kFailedPrecondition, E::kNotAllowed, false},
    {v1::REASON_TARGET_BUSY, C::kFailedPrecondition, E::kNotAllowed, true},
    {v1::REASON_FLOOR_REFUSES, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_STATEMENT_MISMATCH, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_STATEMENT_EXPIRED, C::kFailedPrecondition, E::kNotAllowed, false},
    {v1::REASON_STATEMENT_REPLAYED, C::kFailedPrecondition, E::kNotAllowed, false},
    {v1::REASON_PLAN_NOT_OURS, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_WRONG_AUDIENCE, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_DIGEST_MISMATCH, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_PARAMETER_NOT_ALLOWED, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_ORIGIN_NOT_ALLOWED, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_COMMAND_NOT_ALLOWED, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_ENVIRONMENT_CONTRADICTS, C::kFailedPrecondition, E::kNotAllowed, false},
    {v1::REASON_TOKEN_INVALID, C::kUnauthenticated, E::kNotAllowed, false},
    {v1::REASON_CERTIFICATE_REVOKED, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_TRUST_FILES_INVALID, C::kFailedPrecondition, E::kNotAllowed, false},
    {v1::REASON_REHEARSAL_MISSING, C::kFailedPrecondition, E::kNotAllowed, false},
    {v1::REASON_RATE_LIMITED, C::kResourceExhausted, E::kNotAllowed, true},
    {v1::REASON_REVIEW_MISSING, C::kFailedPrecondition, E::kNotAllowed, false},
    {v1::REASON_NOT_BREAK_GLASS, C::kPermissionDenied, E::kNotAllowed, false},
    {v1::REASON_LOG_ROLLED_BACK, C::kDataLoss, E::kNotAllowed, false},
    {v1::REASON_LOG_FORKED, C::kDataLoss, E::kNotAllowed, false},
    {v1::REASON_LOG_TAMPERED, C::kDataLoss, E::kNotAllowed, false},
    {v1::REASON_LOG_UNPROVED, C::kFailedPrecondition, E::kNotAllowed, false},

    {v1::REASON_STALE_SCHEMA, C::kFailedPrecondition, E::kStale, false},
    {v1::REASON_STALE_IDENTITY, C::kFailedPrecondition, E::kStale, false},
    {v1::REASON_STALE_ROWS, C::kFailedPrecondition, E::kStale, false},
    {v1::REASON_STALE_PARAMETER, C::kFailedPrecondition, E::kStale, false},
    {v1::REASON_STALE_FLOOR, C::kFailedPrecondition, E::kStale, false},
    {v1::REASON_STALE_CACHE, C::kFailedPrecondition, E::kStale, false},

    {v1::REASON_NO_PLAN, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_UNLISTED_TABLES, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_NO_SUCH_TABLE, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_NO_SUCH_SCHEMA, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_KEPT_REFERENCES_CLEARED, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_LISTED_TWICE, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_UNSUPPORTED_RELATION, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_PRIVILEGE_MISSING, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_PARAMETER_MISSING, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_PARAMETER_INVALID, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_DATABASE_UNREACHABLE, C::kUnavailable, E::kFailedUnchanged, true},
    {v1::REASON_DATABASE_AUTH, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_DATABASE_URL_INVALID, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_DATABASE_ERROR, C::kInternal, E::kFailedUnchanged, false},
    {v1::REASON_DATABASE_READ_ONLY, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_IDENTITY_CONFLICT, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_CACHE_UNREACHABLE, C::kUnavailable, E::kFailedUnchanged, true},
    {v1::REASON_CACHE_URL_INVALID, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_CACHE_ERROR, C::kInternal, E::kFailedUnchanged, false},
    {v1::REASON_LOCK_TIMEOUT, C::kAborted, E::kFailedUnchanged, true},
    {v1::REASON_SQL_FAILED, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_CHECK_FAILED, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_KEPT_TABLE_TOUCHED, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_TABLE_NOT_EMPTY, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_BEFORE_STEP_FAILED, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_FENCED, C::kAborted, E::kFailedUnchanged, false},
    {v1::REASON_LEDGER_DISAGREES, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_BACKUP_UNSUPPORTED, C::kUnimplemented, E::kFailedUnchanged, false},
    {v1::REASON_RULE_UNSUPPORTED, C::kUnimplemented, E::kFailedUnchanged, false},
    {v1::REASON_SEQUENCE_SHARED, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_NOTHING_TO_CLEAR, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_CSV_INVALID, C::kInvalidArgument, E::kFailedUnchanged, false},
    {v1::REASON_UNDO_FAILED, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_AMBIGUOUS_TABLE, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_LOCKS_INSUFFICIENT, C::kFailedPrecondition, E::kFailedUnchanged, false},
    {v1::REASON_JOURNAL_UNAVAILABLE, C::kFailedPrecondition, E::kFailedUnchanged, false},

    {v1::REASON_CACHE_AFTER_COMMIT, C::kFailedPrecondition, E::kNeedsAttention, false},
    {v1::REASON_AFTER_STEP_FAILED, C::kFailedPrecondition, E::kNeedsAttention, false},
    {v1::REASON_COMMIT_LOST, C::kDataLoss, E::kNeedsAttention, false},

    {v1::REASON_OUTCOME_UNKNOWN, C::kUnknown, E::kUnknown, false},

    {v1::REASON_CANCELLED, C::kCancelled, E::kCancelled, false},

    {v1::REASON_CONTROLLER_UNREACHABLE, C::kUnavailable, E::kUnreachable, true},
    {v1::REASON_AGENT_OFFLINE, C::kUnavailable, E::kUnreachable, true},
    {v1::REASON_CA_PIN_MISMATCH, C::kFailedPrecondition, E::kUnreachable, false},
    {v1::REASON_DEADLINE, C::kDeadlineExceeded, E::kUnreachable, true},
    {v1::REASON_DRAINING, C::kUnavailable, E::kUnreachable, true},
    {v1::REASON_NOTIFICATION_FAILED, C::kFailedPrecondition, E::kUnreachable, false},
    {v1::REASON_STORE_UNAVAILABLE, C::kUnavailable, E::kUnreachable, true},
};

// For statuses that nobody gave a reason: from gRPC itself, from the operating system.
v1::Reason ReasonOfCode(C code) {
  switch (code) {
    case C::kInvalidArgument:
    case C::kOutOfRange:
      return v1::REASON_INVALID_ARGUMENT;
    case C::kNotFound:
      return v1::REASON_NOT_FOUND;
    case C::kUnauthenticated:
      return v1::REASON_UNAUTHENTICATED;
    case C::kPermissionDenied:
      return v1::REASON_ROLE_MISSING;
    case C::kFailedPrecondition:
    case C::kAborted:
      return v1::REASON_WRONG_STATE;
    case C::kResourceExhausted:
      return v1::REASON_TOO_LARGE;
    case C::kUnavailable:
      return v1::REASON_CONTROLLER_UNREACHABLE;
    case C::kDeadlineExceeded:
      return v1::REASON_DEADLINE;
    // A call that somebody cut off: REASON_CANCELLED would promise that nothing changed.
    case C::kCancelled:
      return v1::REASON_OUTCOME_UNKNOWN;
    default:
      return v1::REASON_INTERNAL;
  }
}

}  // namespace

const ReasonRow& RowOf(v1::Reason reason) {
  for (const ReasonRow& row : kRows) {
    if (row.reason == reason) return row;
  }
  return kRows[0];  // of a newer program
}

std::string NameOf(v1::Reason reason) {
  const std::string& name = v1::Reason_Name(reason);
  if (name.empty()) return absl::StrCat("REASON_", static_cast<int>(reason));
  return name.substr(sizeof(kPrefix) - 1);
}

v1::Reason ReasonFromName(absl::string_view name) {
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  v1::Reason_Parse(absl::StrCat(kPrefix, name), &reason);
  return reason;
}

v1::Problem MakeProblem(v1::Reason reason, absl::string_view what, absl::string_view advice) {
  v1::Problem problem;
  problem.set_reason(reason);
  problem.set_message(base::ToValidUtf8(what));
  problem.set_advice(base::ToValidUtf8(advice));
  return problem;
}

absl::Status Error(v1::Reason reason, absl::string_view what, absl::string_view advice) {
  return ErrorFrom(MakeProblem(reason, what, advice));
}

absl::Status ErrorFrom(const v1::Problem& problem) {
  absl::Status status(RowOf(problem.reason()).code, problem.message());
  status.SetPayload(kPayloadUrl, absl::Cord(problem.SerializeAsString()));
  return status;
}

v1::Problem ProblemOf(const absl::Status& status) {
  v1::Problem problem;
  if (status.ok()) return problem;
  const auto payload = status.GetPayload(kPayloadUrl);
  if (payload.has_value() && problem.ParseFromString(std::string(*payload))) return problem;
  return MakeProblem(ReasonOfCode(status.code()), status.message());
}

v1::Reason ReasonOf(const absl::Status& status) { return ProblemOf(status).reason(); }

}  // namespace resetctl::contract

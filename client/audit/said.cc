#include "client/audit/said.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "client/output/times.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_signature.h"

namespace resetctl::client {
namespace {

using contract::StatementType;

// The actions that a person's signed statement causes. The controller writes no such entry without one.
struct SignedAction {
  const char* action;
  StatementType type;
  const char* field = "";  // of the statement, which says that it is this action,
  const char* value = "";  // by this value
};
constexpr SignedAction kSignedActions[] = {
    {"login", StatementType::kLogin},
    {"plan.create", StatementType::kPlan},
    {"plan.approve", StatementType::kApproval, "decision", "approve"},
    {"plan.unapprove", StatementType::kApproval, "decision", "unapprove"},
    {"plan.reject", StatementType::kApproval, "decision", "reject"},
    {"run.start", StatementType::kRun},
    {"run.resume", StatementType::kResume},
    {"run.review", StatementType::kAdmin, "verb", "audit review"},
    {"policy.apply", StatementType::kAdmin, "verb", "policy apply"},
    {"environment.freeze", StatementType::kAdmin, "verb", "freeze"},
    {"environment.unfreeze", StatementType::kAdmin, "verb", "unfreeze"},
    {"agent.invite", StatementType::kAdmin, "verb", "agent invite"},
    {"agent.revoke", StatementType::kAdmin, "verb", "agent revoke"},
    {"target.rebind", StatementType::kAdmin, "verb", "target rebind"},
    {"session.revoke", StatementType::kAdmin, "verb", "session revoke"},
};

// A statement is signed before its entry is written; an agent's plan may lie between. Clocks differ.
constexpr absl::Duration kSkew = absl::Minutes(2);
constexpr absl::Duration kLongest = absl::Hours(1);

// Null when nobody signs it.
const SignedAction* Find(const v1::AuditEntry& entry) {
  // One's own session is ended without a signature.
  if (entry.action() == "session.revoke" && !entry.has_statement()) return nullptr;
  for (const SignedAction& each : kSignedActions) {
    if (entry.action() == each.action) return &each;
  }
  return nullptr;
}

std::string Evidence(const v1::AuditEntry& entry, const std::string& name) {
  const auto found = entry.evidence().find(name);
  return found == entry.evidence().end() ? "" : found->second;
}

// What the controller's clock said: the entry's time, unless that was kept from going back.
absl::Time ClockOf(const v1::AuditEntry& entry) {
  absl::Time clock;
  const bool there = absl::ParseTime(absl::RFC3339_full, Evidence(entry, "clock"), &clock, nullptr);
  return there ? clock : TimeOf(entry.time());
}

bool IsUnlistedLogin(const v1::SignedStatement& statement,
                     const contract::AllowedSigners& signers) {
  const auto signature = contract::ParseSshSignature(statement.signature());
  return signature.ok() && signers.PersonOf(signature->key) != nullptr &&
         !signers.MaySign(signature->key, contract::kLoginStatement);
}

// The plan that an entry is about. Empty when it is about none.
std::string PlanOf(const v1::AuditEntry& entry) {
  std::string of_subject = contract::DigestOfPlanId(entry.subject());
  return of_subject.empty() ? contract::DigestOfPlanId(Evidence(entry, "plan")) : of_subject;
}

// The argument of an admin's statement (contract::AdminAction) that is about something else than the entry.
std::string DifferentArgument(absl::string_view arguments, const v1::AuditEntry& entry) {
  for (const absl::string_view line : absl::StrSplit(arguments, '\n', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> argument =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    const auto& [name, value] = argument;
    const bool same = name == "environment"                ? value == entry.environment()
                      : name == "target"                   ? value == entry.target()
                      : name == "run" || name == "session" ? value == entry.subject()
                                                           : true;
    if (!same) return base::Str(name);
  }
  return "";
}

// The first field in which the statement is about something else than the entry.
std::string Difference(const contract::Statement& statement, const SignedAction& action,
                       const v1::AuditEntry& entry) {
  if (absl::StrCat("person:", statement.person()) != entry.actor()) return "person";
  const absl::Duration age = ClockOf(entry) - statement.time();
  if (age < -kSkew || age > kLongest) return "time";
  if (statement.Get(action.field) != action.value) return action.field;
  switch (action.type) {
    case StatementType::kLogin:
      return "";
    case StatementType::kAdmin: {
      const std::string arguments = Evidence(entry, "arguments");
      if (statement.Get("arguments") != contract::Digest(arguments)) return "arguments";
      return DifferentArgument(arguments, entry);
    }
    case StatementType::kPlan:
    case StatementType::kApproval:
    case StatementType::kRun:
    case StatementType::kResume:
      break;
  }
  if (statement.Get("environment") != entry.environment()) return "environment";
  if (statement.Get("target") != entry.target()) return "target";
  if (action.type == StatementType::kResume) {
    return statement.Get("run") == entry.subject() ? "" : "run";
  }
  // A plan has no id yet when its author signs.
  const bool names_plan = action.type != StatementType::kPlan;
  return names_plan && statement.Get("plan") != PlanOf(entry) ? "plan" : "";
}

absl::Status Named(uint64_t index, const v1::AuditEntry& entry, const absl::Status& status) {
  v1::Problem problem = contract::ProblemOf(status);
  problem.set_message(absl::StrCat("Entry ", index, ", ", entry.action(), ": ", problem.message()));
  return contract::ErrorFrom(problem);
}

absl::Status NotSaid(absl::string_view what) {
  return contract::Error(v1::REASON_LOG_TAMPERED, what,
                         "Whoever wrote the log put this down without that person.");
}

}  // namespace

bool IsSaid(const v1::AuditEntry& entry) {
  return entry.outcome() == "ok" && absl::StartsWith(entry.actor(), "person:") &&
         Find(entry) != nullptr;
}

absl::StatusOr<Said> CheckSaid(uint64_t index, const v1::AuditEntry& entry,
                               const contract::AllowedSigners& signers) {
  if (!IsSaid(entry)) return Said::kNothing;
  const SignedAction& action = *Find(entry);
  if (!entry.has_statement()) {
    return Named(index, entry, NotSaid("it carries no signed statement"));
  }
  if (action.type == StatementType::kLogin && IsUnlistedLogin(entry.statement(), signers)) {
    return Said::kUnlisted;
  }
  const absl::StatusOr<contract::VerifiedStatement> verified =
      contract::VerifyStatement(entry.statement(), action.type, signers);
  if (!verified.ok()) return Named(index, entry, verified.status());
  const std::string difference = Difference(verified->statement, action, entry);
  if (!difference.empty()) {
    return Named(index, entry,
                 NotSaid(absl::StrCat("the statement's ", difference, " is not the entry's")));
  }
  return Said::kProved;
}

}  // namespace resetctl::client

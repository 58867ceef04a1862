#include "client/audit/said.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/output/times.h"
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
};
constexpr SignedAction kSignedActions[] = {
    {"login", StatementType::kLogin},
    {"plan.create", StatementType::kPlan},
    {"plan.approve", StatementType::kApproval},
    {"plan.unapprove", StatementType::kApproval},
    {"plan.reject", StatementType::kApproval},
    {"run.start", StatementType::kRun},
    {"run.resume", StatementType::kResume},
    {"run.review", StatementType::kAdmin},
    {"policy.apply", StatementType::kAdmin},
    {"environment.freeze", StatementType::kAdmin},
    {"environment.unfreeze", StatementType::kAdmin},
    {"agent.invite", StatementType::kAdmin},
    {"agent.revoke", StatementType::kAdmin},
    {"target.rebind", StatementType::kAdmin},
};

// A statement is signed before its entry is written; an agent's plan may lie between. Clocks differ.
constexpr absl::Duration kSkew = absl::Minutes(2);
constexpr absl::Duration kLongest = absl::Hours(1);

std::optional<StatementType> TypeOf(const v1::AuditEntry& entry) {
  for (const SignedAction& each : kSignedActions) {
    if (entry.action() == each.action) return each.type;
  }
  // One's own session is ended without a signature.
  if (entry.action() == "session.revoke" && entry.has_statement()) return StatementType::kAdmin;
  return std::nullopt;
}

// What the controller's clock said: the entry's time, unless that was kept from going back.
absl::Time ClockOf(const v1::AuditEntry& entry) {
  const auto clock = entry.evidence().find("clock");
  absl::Time time;
  if (clock != entry.evidence().end() &&
      absl::ParseTime(absl::RFC3339_full, clock->second, &time, nullptr)) {
    return time;
  }
  return TimeOf(entry.time());
}

bool IsUnlistedLogin(const v1::SignedStatement& statement,
                     const contract::AllowedSigners& signers) {
  const auto signature = contract::ParseSshSignature(statement.signature());
  return signature.ok() && signers.PersonOf(signature->key) != nullptr &&
         !signers.MaySign(signature->key, contract::kLoginStatement);
}

// The first field in which the statement is about something else than the entry.
std::string Difference(const contract::Statement& statement, const v1::AuditEntry& entry) {
  if (absl::StrCat("person:", statement.person()) != entry.actor()) return "person";
  const absl::Duration age = ClockOf(entry) - statement.time();
  if (age < -kSkew || age > kLongest) return "time";
  for (const auto& [field, value] :
       {std::pair{"environment", &entry.environment()}, std::pair{"target", &entry.target()}}) {
    const std::string& said = statement.Get(field);
    if (!said.empty() && !value->empty() && said != *value) return field;
  }
  const std::string digest = contract::DigestOfPlanId(entry.subject());
  if (!digest.empty() && !statement.Get("plan").empty() && statement.Get("plan") != digest) {
    return "plan";
  }
  if (statement.type() == StatementType::kResume && statement.Get("run") != entry.subject()) {
    return "run";
  }
  if (statement.type() == StatementType::kApproval &&
      absl::StrCat("plan.", statement.Get("decision")) != entry.action()) {
    return "decision";
  }
  if (statement.type() == StatementType::kAdmin) {
    const auto arguments = entry.evidence().find("arguments");
    if (arguments == entry.evidence().end() ||
        statement.Get("arguments") != contract::Digest(arguments->second)) {
      return "arguments";
    }
  }
  return "";
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
         TypeOf(entry).has_value();
}

absl::StatusOr<Said> CheckSaid(uint64_t index, const v1::AuditEntry& entry,
                               const contract::AllowedSigners& signers) {
  if (!IsSaid(entry)) return Said::kNothing;
  const std::optional<StatementType> type = TypeOf(entry);
  if (!entry.has_statement()) {
    return Named(index, entry, NotSaid("it carries no signed statement"));
  }
  if (*type == StatementType::kLogin && IsUnlistedLogin(entry.statement(), signers)) {
    return Said::kUnlisted;
  }
  const absl::StatusOr<contract::VerifiedStatement> verified =
      contract::VerifyStatement(entry.statement(), *type, signers);
  if (!verified.ok()) return Named(index, entry, verified.status());
  const std::string difference = Difference(verified->statement, entry);
  if (!difference.empty()) {
    return Named(index, entry,
                 NotSaid(absl::StrCat("the statement's ", difference, " is not the entry's")));
  }
  return Said::kProved;
}

}  // namespace resetctl::client

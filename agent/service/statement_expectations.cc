#include "agent/service/statement_expectations.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

using contract::Error;
using contract::Statement;

namespace {

absl::Status ExpectField(const Statement& statement, absl::string_view field,
                         absl::string_view expected) {
  if (statement.Get(field) == expected) return absl::OkStatus();
  const std::string& said = statement.Get(field);
  return Error(
      v1::REASON_STATEMENT_MISMATCH,
      absl::StrCat("the ", base::Str(statement.namespace_name()), " statement of ",
                   statement.person(), " says ", field, " ", said.empty() ? "nothing" : said,
                   ", this is about ", expected.empty() ? "nothing" : base::Str(expected)),
      "Sign a statement for exactly this plan.");
}

}  // namespace

absl::Status ExpectFields(
    const Statement& statement,
    std::initializer_list<std::pair<absl::string_view, absl::string_view>> fields) {
  for (const auto& [field, expected] : fields) {
    absl::Status status = ExpectField(statement, field, expected);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ExpectTime(const Statement& statement, absl::Time not_before, absl::Time now) {
  if (statement.time() > now + kClockTolerance) {
    return Error(v1::REASON_STATEMENT_INVALID,
                 absl::StrCat("the statement of ", statement.person(),
                              " is from the future: ", statement.Get("time"), ", here it is ",
                              contract::FormatStatementTime(now)),
                 "Set the clocks of both machines.");
  }
  if (statement.time() < not_before - kClockTolerance) {
    return Error(v1::REASON_STATEMENT_EXPIRED,
                 absl::StrCat("the statement of ", statement.person(),
                              " is too old: ", statement.Get("time"), ", here it is ",
                              contract::FormatStatementTime(now)),
                 "Sign a new one; if it was signed just now, set the clocks of both machines.");
  }
  return absl::OkStatus();
}

absl::Status ExpectNotExpired(const Statement& statement, absl::Time now) {
  if (now <= statement.start_before() + kClockTolerance) return absl::OkStatus();
  return Error(v1::REASON_STATEMENT_EXPIRED,
               absl::StrCat("the statement of ", statement.person(), " was good until ",
                            contract::FormatStatementTime(statement.start_before())),
               "Sign a new one.");
}

absl::Status FloorRefuses(const std::string& person, absl::string_view verb,
                          const std::vector<std::string>& groups) {
  return Error(v1::REASON_FLOOR_REFUSES,
               absl::StrCat("the agent's floor does not let ", person, " ", verb),
               absl::StrCat("Ask somebody of: ", absl::StrJoin(groups, ", "),
                            "; the floor is trust/floor.yaml beside the database."));
}

absl::Status Nonces::Add(const Statement& statement) {
  if (seen_.insert(statement.nonce()).second) return absl::OkStatus();
  return Error(v1::REASON_STATEMENT_REPLAYED,
               absl::StrCat("a statement of ", statement.person(), " is used twice"),
               "Each approval needs a statement of its own.");
}

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace resetctl::agent

#ifndef RESETCTL_AGENT_SERVICE_STATEMENT_EXPECTATIONS_H_
#define RESETCTL_AGENT_SERVICE_STATEMENT_EXPECTATIONS_H_

#include <initializer_list>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "proto/contract/statement.h"

namespace resetctl::agent {

// What an agent expects of any statement whose signature was verified (TRUST §4): what it says, when, and that it is heard once.

// How far a signer's clock may be from ours.
inline constexpr absl::Duration kClockTolerance = absl::Minutes(2);
// How old a plan, resume or admin's statement may be when it arrives: it is signed the moment it is sent.
inline constexpr absl::Duration kStatementAge = absl::Minutes(15);

// STATEMENT_MISMATCH for the first field that says something else.
absl::Status ExpectFields(
    const contract::Statement& statement,
    std::initializer_list<std::pair<absl::string_view, absl::string_view>> fields);

// STATEMENT_INVALID: signed in the future, by a clock that we do not believe. STATEMENT_EXPIRED: so long ago that it is a replay.
absl::Status ExpectTime(const contract::Statement& statement, absl::Time not_before,
                        absl::Time now);

// STATEMENT_EXPIRED when its `start-before` is over.
absl::Status ExpectNotExpired(const contract::Statement& statement, absl::Time now);

// Each statement counts once: the same text (or nonce) twice is one voice heard twice.
class Nonces {
 public:
  // STATEMENT_REPLAYED
  absl::Status Add(const contract::Statement& statement);

 private:
  std::set<std::string> seen_;
};

// FLOOR_REFUSES: the floor lets only `groups` do this.
absl::Status FloorRefuses(const std::string& person, absl::string_view verb,
                          const std::vector<std::string>& groups);

absl::Time TimeOf(const google::protobuf::Timestamp& time);

}  // namespace resetctl::agent

#endif  // RESETCTL_AGENT_SERVICE_STATEMENT_EXPECTATIONS_H_

#include "agent/service/rebinder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "agent/service/statement_expectations.h"
#include "proto/base/failpoint.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/contract/admin_action.h"
#include "proto/contract/reasons.h"
#include "proto/contract/ssh_signature.h"

namespace resetctl::agent {

absl::StatusOr<VerifiedRebind> VerifyRebind(const v1::SignedStatement& statement,
                                            const AgentIdentity& identity, const Trust& trust,
                                            absl::Time now) {
  absl::StatusOr<contract::VerifiedStatement> verified =
      contract::VerifyStatement(statement, contract::StatementType::kAdmin, trust.signers);
  if (!verified.ok()) return verified.status();
  const contract::AdminAction action =
      contract::RebindAction(identity.environment, identity.target);
  absl::Status status = ExpectFields(
      verified->statement, {{"verb", action.verb}, {"arguments", action.ArgumentsDigest()}});
  if (status.ok()) status = ExpectTime(verified->statement, now - kStatementAge, now);
  if (!status.ok()) return status;
  if (!trust.floor.MayRebind(verified->person)) {
    return FloorRefuses(verified->person, "rebind", trust.floor.rebind);
  }
  return VerifiedRebind{verified->person, verified->statement.time(), verified->statement.nonce()};
}

// Durable before anything is changed: after a crash in between, a new statement is asked for.
absl::Status Rebinder::UseUp(const VerifiedRebind& statement) {
  const absl::StatusOr<std::string> last = base::ReadFile(file_, 64 << 10);
  if (!last.ok() && !absl::IsNotFound(last.status())) return last.status();
  const int64_t seconds = absl::ToUnixSeconds(statement.time);
  std::vector<std::string> used =
      last.ok() ? absl::StrSplit(*last, absl::ByAnyChar(" \n"), absl::SkipEmpty())
                : std::vector<std::string>();
  int64_t newest = 0;
  if (!used.empty() && !absl::SimpleAtoi(used.front(), &newest)) {
    return absl::DataLossError(absl::StrCat(file_, " is damaged"));
  }
  const bool again = std::find(used.begin(), used.end(), statement.nonce) != used.end();
  if (seconds < newest || again) {
    return contract::Error(v1::REASON_STATEMENT_REPLAYED,
                           "this statement, or a newer one, has bound this target before",
                           "sign again: resetctl target rebind");
  }
  if (seconds > newest) used = {absl::StrCat(seconds)};
  used.push_back(statement.nonce);
  return base::WriteFileDurably(file_, absl::StrCat(absl::StrJoin(used, " "), "\n"), 0600);
}

absl::Status Rebinder::Try(const v1::RebindOrder& order, v1::RebindReply* reply) {
  const absl::StatusOr<Trust> trust = parts_.trust.Load();
  if (!trust.ok()) return trust.status();
  const absl::StatusOr<VerifiedRebind> verified =
      VerifyRebind(order.admin_statement(), parts_.identity, *trust, parts_.clock.Now());
  if (!verified.ok()) return verified.status();
  absl::Status status = CheckRailwayEnvironment(parts_);
  if (status.ok()) status = UseUp(*verified);
  if (!status.ok()) return status;
  base::Failpoint("agent.rebind.used");
  absl::StatusOr<v1::DatabaseIdentity> database = parts_.database.Rebind();
  if (!database.ok()) return database.status();
  base::Failpoint("agent.rebind.committed");
  *reply->mutable_database() = *std::move(database);
  status = parts_.cache.Rebind();
  if (status.ok()) status = parts_.commits.Forget();
  if (!status.ok()) return status;
  contract::RedisSpec spec;
  spec.flush = contract::FlushMode::kNone;  // who, not how much
  *reply->mutable_cache() = parts_.cache.MakeSurvey(spec);
  base::Log(base::LogLevel::kWarning, "bound to the database and cache of now",
            {{"by", verified->person}, {"database", reply->database().database_name()}});
  return absl::OkStatus();
}

v1::RebindReply Rebinder::Rebind(const v1::RebindOrder& order) {
  v1::RebindReply reply;
  reply.set_order_id(order.order_id());
  const absl::Status status = Try(order, &reply);
  if (!status.ok()) {
    v1::Problem problem = contract::ProblemOf(status);
    parts_.scrubber.Scrub(&problem);
    *reply.add_problems() = std::move(problem);
  }
  return reply;
}

}  // namespace resetctl::agent

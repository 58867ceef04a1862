#include "agent/service/rebinder.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/contract/reasons.h"

namespace resetctl::agent {

// Durable before anything is changed: after a crash in between, a new statement is asked for.
absl::Status Rebinder::UseUp(absl::Time signed_at) {
  const absl::StatusOr<std::string> last = base::ReadFile(file_, 64);
  if (!last.ok() && !absl::IsNotFound(last.status())) return last.status();
  int64_t before = 0;
  if (last.ok() &&
      (!absl::SimpleAtoi(*last, &before) || absl::ToUnixSeconds(signed_at) <= before)) {
    return contract::Error(v1::REASON_STATEMENT_REPLAYED,
                           "this target was bound by a statement that is as new or newer",
                           "sign again: resetctl target rebind");
  }
  return base::WriteFileDurably(file_, absl::StrCat(absl::ToUnixSeconds(signed_at), "\n"), 0600);
}

absl::Status Rebinder::Try(const v1::RebindOrder& order, v1::RebindReply* reply) {
  const absl::StatusOr<Trust> trust = parts_.trust.Load();
  if (!trust.ok()) return trust.status();
  const absl::StatusOr<VerifiedRebind> verified =
      VerifyRebind(order.admin_statement(), parts_.identity, *trust, parts_.clock.Now());
  if (!verified.ok()) return verified.status();
  absl::Status status = CheckRailwayEnvironment(parts_);
  if (status.ok()) status = UseUp(verified->time);
  if (!status.ok()) return status;
  absl::StatusOr<v1::DatabaseIdentity> database = parts_.database.Rebind();
  if (!database.ok()) return database.status();
  *reply->mutable_database() = *std::move(database);
  status = parts_.cache.Rebind();
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

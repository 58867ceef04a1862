#include "controller/service/plan_document.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "controller/service/wire_time.h"
#include "proto/contract/digest.h"
#include "proto/contract/known_fields.h"
#include "proto/contract/reasons.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::controller {
namespace {

absl::Status NotOurs(absl::string_view what) {
  return contract::Error(v1::REASON_PLAN_NOT_OURS,
                         absl::StrCat("the agent's plan is not what was ordered: ", what),
                         "look at the agent: its version, its clock, who runs it");
}

}  // namespace

absl::StatusOr<PlanRecord> ReadPlanDocument(const OrderedPlan& ordered, const std::string& document,
                                            const std::string& mac) {
  v1::PlanDocument plan;
  if (document.empty() || !plan.ParseFromString(document)) return NotOurs("it cannot be read");
  if (mac.empty()) return NotOurs("it has no MAC");
  if (plan.format() != 1) return NotOurs("an unknown format");
  if (absl::Status known = contract::CheckAllKnown(plan, "the agent's plan", "controller");
      !known.ok()) {
    return known;
  }
  if (plan.environment() != ordered.environment) return NotOurs("another environment");
  if (plan.target() != ordered.target) return NotOurs("another target");
  if (plan.author() != ordered.author) return NotOurs("another author");
  if (plan.rules() != ordered.rules) return NotOurs("other rules");
  if (plan.policy_digest() != contract::Digest(ordered.rules)) return NotOurs("the policy digest");
  if (plan.bundle_digest() != contract::Digest(ordered.bundle)) return NotOurs("another bundle");
  if (plan.plan_statement_digest() != contract::Digest(ordered.plan_statement.text())) {
    return NotOurs("another plan statement");
  }
  if (!contract::IsDigest(plan.floor_digest())) return NotOurs("the floor's digest");
  std::vector<std::string> sets(plan.sets().begin(), plan.sets().end());
  std::vector<std::string> wanted = ordered.sets;
  std::sort(sets.begin(), sets.end());
  std::sort(wanted.begin(), wanted.end());
  if (sets != wanted) return NotOurs("other sets");
  const absl::Time expires = std::min(TimeOf(plan.expire_time()), ordered.latest_expiry);
  if (expires <= ordered.now) return NotOurs("it has expired already");

  PlanRecord record;
  record.id = contract::PlanId(document);
  record.document = document;
  record.mac = mac;
  record.bundle_digest = plan.bundle_digest();
  record.plan_statement = ordered.plan_statement;
  record.environment = ordered.environment;
  record.target = ordered.target;
  record.author = ordered.author;
  record.rules = ordered.rules;
  record.policy_digest = plan.policy_digest();
  record.floor_digest = plan.floor_digest();
  record.blueprint_name = plan.blueprint_name();
  record.rows_total = plan.rows_total();
  for (const v1::ClearGroup& group : plan.groups()) {
    record.tables_total += group.tables_size();
    for (const v1::ClearTable& table : group.tables()) {
      record.rows_estimated = record.rows_estimated || table.estimated();
    }
  }
  record.create_time = ordered.now;
  record.expire_time = expires;
  return record;
}

}  // namespace resetctl::controller

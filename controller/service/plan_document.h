#ifndef RESETCTL_CONTROLLER_SERVICE_PLAN_DOCUMENT_H_
#define RESETCTL_CONTROLLER_SERVICE_PLAN_DOCUMENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/domain/records.h"
#include "resetctl/v1/statement.pb.h"

namespace resetctl::controller {

// What the controller ordered, to be compared with what the agent made.
struct OrderedPlan {
  std::string environment;
  std::string target;
  std::string author;
  std::string rules;  // canonical JSON
  std::string bundle;
  v1::SignedStatement plan_statement;
  std::vector<std::string> sets;
  absl::Time now;
  absl::Time latest_expiry;
};

// The agent's bytes as a record, without a state. PLAN_NOT_OURS, naming the field, when the document is not what was ordered.
// An expiry later than the policy's is cut, not refused: the clocks differ.
absl::StatusOr<PlanRecord> ReadPlanDocument(const OrderedPlan& ordered, const std::string& document,
                                            const std::string& mac);

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_SERVICE_PLAN_DOCUMENT_H_

#ifndef RESETCTL_CONTROLLER_DOMAIN_DECISION_H_
#define RESETCTL_CONTROLLER_DOMAIN_DECISION_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "resetctl/v1/reason.pb.h"

namespace resetctl::controller {

// What stands in the way, and what would lift it.
struct Objection {
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  std::string message;  // one sentence: what is wrong
  std::string advice;   // one sentence: what would lift it
};

// Every objection, not the first; allowed exactly when there is none.
struct Decision {
  std::vector<Objection> objections;

  bool allowed() const { return objections.empty(); }
  // OK, or the first objection as contract::Error; its advice names how many more there are.
  absl::Status ToStatus() const;
  void Object(v1::Reason reason, std::string message, std::string advice) {
    objections.push_back({reason, std::move(message), std::move(advice)});
  }
};

}  // namespace resetctl::controller

#endif  // RESETCTL_CONTROLLER_DOMAIN_DECISION_H_

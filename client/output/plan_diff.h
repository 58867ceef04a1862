#ifndef RESETCTL_CLIENT_OUTPUT_PLAN_DIFF_H_
#define RESETCTL_CLIENT_OUTPUT_PLAN_DIFF_H_

#include <optional>
#include <string>
#include <vector>

#include "proto/contract/bundle.h"

namespace resetctl::v1 {
class PlanDocument;
}  // namespace resetctl::v1

namespace resetctl::client {

// One thing that is not the same in two plans.
struct Difference {
  std::string name;
  std::optional<std::string> was;  // none: it was not there
  std::optional<std::string>
      now;  // none: it is not there any more. Neither: it changed, and is not shown (a secret)
};

struct DiffSection {
  std::string name;  // 'schema', 'tables', 'rows', ...
  std::vector<Difference> differences;
};

inline constexpr char kRowsSection[] = "rows";

// What differs between two plans, old and new; sections without a difference are left out. When they were made, by whom and
// until when they are valid is no difference. Row counts only where they are worth reading: by more than 1% (of estimates, by
// more than a quarter) or more than 1,000 rows, and from or to nothing; the biggest difference first, the numbers as plain
// digits ('≈' before an estimate).
//
// Secret parameters are compared by their MAC: under another agent's key that says nothing, and is said so.
std::vector<DiffSection> ComparePlans(const v1::PlanDocument& was, const v1::PlanDocument& now);

// The files of the two blueprints: which came, went, or have other bytes. Empty when none did.
DiffSection CompareFiles(const contract::BundleFiles& was, const contract::BundleFiles& now);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_PLAN_DIFF_H_

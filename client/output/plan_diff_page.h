#ifndef RESETCTL_CLIENT_OUTPUT_PLAN_DIFF_PAGE_H_
#define RESETCTL_CLIENT_OUTPUT_PLAN_DIFF_PAGE_H_

#include <string>
#include <vector>

#include "client/output/plan_diff.h"
#include "client/output/text.h"

namespace resetctl::client {

// What `show --diff` found out.
struct PlanDiff {
  std::string was_id, now_id;  // whole ids
  std::vector<DiffSection> sections;
  std::string note;  // what could not be compared, and why; empty otherwise
};

// A page: who made the two plans and when, then the sections. Rows as a table, everything else as "added (..)",
// "removed (..)", "was .., now ..".
std::string RenderPlanDiff(const Look& look, const PlanDiff& diff, const v1::PlanDocument& was,
                           const v1::PlanDocument& now);

// {"was":"p-..","now":"p-..","sections":[{"name":"schema","differences":[{"name":..,"change":"added","now":..}]}],"note":""}:
// `change` is added, removed or changed; `was` and `now` are left out where there is no such value.
std::string PlanDiffJson(const PlanDiff& diff);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_PLAN_DIFF_PAGE_H_

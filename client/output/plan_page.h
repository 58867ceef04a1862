#ifndef RESETCTL_CLIENT_OUTPUT_PLAN_PAGE_H_
#define RESETCTL_CLIENT_OUTPUT_PLAN_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "client/output/clear_section.h"
#include "client/output/text.h"

namespace resetctl::v1 {
class Plan;
class PlanDocument;
}  // namespace resetctl::v1

namespace resetctl::client {

// A plan as one page: what is cleared, kept, recreated, flushed; side effects and warnings; who
// must approve, what would stop it, the next command. `document` is the parsed content of
// plan.document().
std::string RenderPlanPage(const Look& look, const v1::Plan& plan, const v1::PlanDocument& document,
                           TableDetail detail = TableDetail::kNames);

// The lines that a runner sees before the phrase is typed.
std::string RenderPlanSummary(const Look& look, const v1::Plan& plan,
                              const v1::PlanDocument& document);

// "rental-manager -> production"
std::string Route(const v1::PlanDocument& document);

// "waiting for approval", "approved", ...
std::string PlanStateText(int state);

// "resetctl approve p-7f3a91c2   (bob, dana may)"; empty when nothing is left to do.
std::string NextForPlan(const v1::Plan& plan);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_PLAN_PAGE_H_

#ifndef RESETCTL_CLIENT_OUTPUT_PLAN_SOURCES_H_
#define RESETCTL_CLIENT_OUTPUT_PLAN_SOURCES_H_

#include <string>

#include "client/output/text.h"
#include "proto/contract/blueprint.h"
#include "resetctl/v1/plan.pb.h"

namespace resetctl::client {

// Every byte that an approver may want to read before signing: the recreate steps of the plan with their SQL and data, the
// checks' SQL, then whatever file was not shown by then.
std::string RenderSources(const Look& look, const v1::PlanDocument& document,
                          const contract::BundleFiles& bundle,
                          const contract::Blueprint& blueprint);

// The statements that were signed about the plan, each with the command that verifies it.
std::string RenderStatements(const Look& look, const v1::Plan& plan);

// Who approved, rejected or took back, and when; empty when nobody did.
std::string RenderDecisions(const Look& look, const v1::Plan& plan);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_PLAN_SOURCES_H_

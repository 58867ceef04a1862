#ifndef RESETCTL_TESTS_CLIENT_FIXTURES_H_
#define RESETCTL_TESTS_CLIENT_FIXTURES_H_

#include <string>

#include "client/output/text.h"
#include "proto/contract/environment_rules.h"
#include "resetctl/v1/plan.pb.h"
#include "resetctl/v1/run.pb.h"

namespace resetctl::client {

// 2026-11-24 09:12:44 CET; no colour, 80 columns.
Look ALook(int width = 80);

contract::EnvironmentRules ProductionRules();

// Two groups, a kept table, three recreate steps; made two minutes before ALook's now by carol.
v1::PlanDocument ADocument(const contract::EnvironmentRules& rules = ProductionRules());

// The controller's record of that document: waiting, nobody has approved.
v1::Plan APlan(const v1::PlanDocument& document);

v1::RunEvent AnEvent(v1::StepKind step, v1::EventKind kind, uint64_t seq);

// A run of the plan, with what the agent proved.
v1::Run ARun(const v1::Plan& plan, v1::RunState state);

}  // namespace resetctl::client

#endif  // RESETCTL_TESTS_CLIENT_FIXTURES_H_

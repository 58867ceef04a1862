#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "controller/domain/plan_state.h"
#include "controller/domain/run_state.h"
#include "proto/contract/reasons.h"

namespace resetctl::controller {
namespace {

std::vector<v1::PlanState> AllPlanStates() {
  std::vector<v1::PlanState> states;
  for (int i = 1; i < v1::PlanState_ARRAYSIZE; ++i) states.push_back(static_cast<v1::PlanState>(i));
  return states;
}

std::vector<v1::RunState> AllRunStates() {
  std::vector<v1::RunState> states;
  for (int i = 1; i < v1::RunState_ARRAYSIZE; ++i) states.push_back(static_cast<v1::RunState>(i));
  return states;
}

// Written out from DESIGN §9, a second time: a slip in the table shows here.
TEST(PlanStateTest, HasExactlyTheEdgesOfTheDesign) {
  const std::set<std::pair<std::string, std::string>> edges = {
      {"PENDING_APPROVAL", "APPROVED"},  {"PENDING_APPROVAL", "REJECTED"},
      {"PENDING_APPROVAL", "EXPIRED"},   {"PENDING_APPROVAL", "STALE"},
      {"PENDING_APPROVAL", "WITHDRAWN"}, {"APPROVED", "PENDING_APPROVAL"},
      {"APPROVED", "RUNNING"},           {"APPROVED", "REJECTED"},
      {"APPROVED", "EXPIRED"},           {"APPROVED", "STALE"},
      {"APPROVED", "WITHDRAWN"},         {"RUNNING", "APPROVED"},
      {"RUNNING", "CONSUMED"},           {"RUNNING", "STALE"},
      {"PENDING_APPROVAL", "RUNNING"},   {"RUNNING", "PENDING_APPROVAL"}};  // break-glass
  for (const v1::PlanState from : AllPlanStates()) {
    for (const v1::PlanState to : AllPlanStates()) {
      const bool wanted = edges.count({std::string(NameOf(from)), std::string(NameOf(to))}) != 0;
      EXPECT_EQ(CanMove(from, to), wanted) << NameOf(from) << " -> " << NameOf(to);
      EXPECT_EQ(CheckMove(from, to).ok(), wanted);
    }
  }
}

TEST(PlanStateTest, EndsAreEnds) {
  const std::set<std::string> ends = {"CONSUMED", "REJECTED", "EXPIRED", "STALE", "WITHDRAWN"};
  for (const v1::PlanState state : AllPlanStates()) {
    EXPECT_EQ(IsTerminal(state), ends.count(std::string(NameOf(state))) != 0) << NameOf(state);
  }
}

TEST(PlanStateTest, AnIllegalEdgeIsWrongState) {
  const absl::Status status = CheckMove(v1::PLAN_STATE_CONSUMED, v1::PLAN_STATE_RUNNING);
  EXPECT_EQ(contract::ReasonOf(status), v1::REASON_WRONG_STATE);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(contract::ProblemOf(status).message(),
            "A plan that is CONSUMED cannot become RUNNING.");
}

TEST(PlanStateTest, OnlyACommitConsumesAPlan) {
  const auto after = [](v1::RunState run) { return PlanAfterRun(run, v1::REASON_SQL_FAILED); };
  EXPECT_EQ(after(v1::RUN_STATE_COMMITTED), v1::PLAN_STATE_CONSUMED);
  EXPECT_EQ(after(v1::RUN_STATE_SUCCEEDED), v1::PLAN_STATE_CONSUMED);
  EXPECT_EQ(after(v1::RUN_STATE_NEEDS_ATTENTION), v1::PLAN_STATE_CONSUMED);
  EXPECT_EQ(after(v1::RUN_STATE_REFUSED), v1::PLAN_STATE_APPROVED);
  EXPECT_EQ(after(v1::RUN_STATE_ROLLED_BACK), v1::PLAN_STATE_APPROVED);
  EXPECT_EQ(after(v1::RUN_STATE_CANCELLED), v1::PLAN_STATE_APPROVED);
  EXPECT_EQ(after(v1::RUN_STATE_UNKNOWN), std::nullopt);
  EXPECT_EQ(after(v1::RUN_STATE_HELD), std::nullopt);
  EXPECT_EQ(after(v1::RUN_STATE_OFFERED), std::nullopt);
  EXPECT_EQ(after(v1::RUN_STATE_RUNNING), std::nullopt);
}

TEST(PlanStateTest, AStaleReasonEndsThePlan) {
  for (const v1::Reason reason :
       {v1::REASON_STALE_SCHEMA, v1::REASON_STALE_IDENTITY, v1::REASON_STALE_ROWS,
        v1::REASON_STALE_PARAMETER, v1::REASON_STALE_FLOOR, v1::REASON_STALE_CACHE}) {
    EXPECT_EQ(PlanAfterRun(v1::RUN_STATE_ROLLED_BACK, reason), v1::PLAN_STATE_STALE);
    EXPECT_EQ(PlanAfterRun(v1::RUN_STATE_REFUSED, reason), v1::PLAN_STATE_STALE);
  }
}

TEST(PlanStateTest, WhateverARunDoesTheEdgeExists) {
  for (const v1::RunState run : AllRunStates()) {
    for (const v1::Reason why : {v1::REASON_SQL_FAILED, v1::REASON_STALE_SCHEMA}) {
      const std::optional<v1::PlanState> next = PlanAfterRun(run, why);
      if (next) {
        EXPECT_TRUE(CanMove(v1::PLAN_STATE_RUNNING, *next)) << NameOf(run);
      }
    }
  }
}

TEST(RunStateTest, HasExactlyTheEdgesOfTheDesign) {
  const std::set<std::pair<std::string, std::string>> edges = {
      {"HELD", "OFFERED"},        {"HELD", "CANCELLED"},
      {"HELD", "REFUSED"},        {"OFFERED", "RUNNING"},
      {"OFFERED", "REFUSED"},     {"OFFERED", "ROLLED_BACK"},
      {"OFFERED", "CANCELLED"},   {"OFFERED", "COMMITTED"},
      {"OFFERED", "UNKNOWN"},     {"RUNNING", "REFUSED"},
      {"RUNNING", "ROLLED_BACK"}, {"RUNNING", "CANCELLED"},
      {"RUNNING", "COMMITTED"},   {"RUNNING", "UNKNOWN"},
      {"COMMITTED", "SUCCEEDED"}, {"COMMITTED", "NEEDS_ATTENTION"},
      {"UNKNOWN", "RUNNING"},     {"NEEDS_ATTENTION", "COMMITTED"},
      {"UNKNOWN", "REFUSED"},     {"UNKNOWN", "ROLLED_BACK"},
      {"UNKNOWN", "CANCELLED"},   {"UNKNOWN", "COMMITTED"}};
  for (const v1::RunState from : AllRunStates()) {
    for (const v1::RunState to : AllRunStates()) {
      const bool wanted = edges.count({std::string(NameOf(from)), std::string(NameOf(to))}) != 0;
      EXPECT_EQ(CanMove(from, to), wanted) << NameOf(from) << " -> " << NameOf(to);
      EXPECT_EQ(CheckMove(from, to).ok(), wanted);
    }
  }
}

TEST(RunStateTest, EndsAreEnds) {
  const std::set<std::string> ends = {"SUCCEEDED", "REFUSED", "ROLLED_BACK", "CANCELLED"};
  for (const v1::RunState state : AllRunStates()) {
    EXPECT_EQ(IsTerminal(state), ends.count(std::string(NameOf(state))) != 0) << NameOf(state);
  }
}

TEST(RunStateTest, WhatHasEndedForNowIsNotActive) {
  for (const v1::RunState state : AllRunStates()) {
    const bool ended = IsTerminal(state) || state == v1::RUN_STATE_NEEDS_ATTENTION;
    EXPECT_EQ(IsActive(state), !ended) << NameOf(state);
  }
}

TEST(RunStateTest, ACommitIsNeverUndone) {
  for (const v1::RunState nothing_changed :
       {v1::RUN_STATE_REFUSED, v1::RUN_STATE_ROLLED_BACK, v1::RUN_STATE_CANCELLED}) {
    EXPECT_FALSE(CanMove(v1::RUN_STATE_COMMITTED, nothing_changed));
    EXPECT_FALSE(CanMove(v1::RUN_STATE_NEEDS_ATTENTION, nothing_changed));
  }
}

}  // namespace
}  // namespace resetctl::controller

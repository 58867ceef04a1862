#include "client/output/exit_codes.h"

#include "gtest/gtest.h"

namespace resetctl::client {
namespace {

using contract::ExitCode;

v1::Run EndedAs(v1::RunState state, v1::Reason reason = v1::REASON_UNSPECIFIED) {
  v1::Run run;
  run.set_state(state);
  if (reason != v1::REASON_UNSPECIFIED) run.mutable_problem()->set_reason(reason);
  return run;
}

TEST(ExitCodesTest, EveryRunStateHasItsRow) {
  const auto* states = v1::RunState_descriptor();
  for (int i = 1; i < states->value_count(); ++i) {
    const auto state = static_cast<v1::RunState>(states->value(i)->number());
    EXPECT_EQ(EndStateOf(state).state, state) << states->value(i)->name();
  }
}

TEST(ExitCodesTest, MapsEndStates) {
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_SUCCEEDED)), ExitCode::kDone);
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_REFUSED)), ExitCode::kFailedUnchanged);
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_ROLLED_BACK)), ExitCode::kFailedUnchanged);
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_CANCELLED)), ExitCode::kCancelled);
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_NEEDS_ATTENTION)), ExitCode::kNeedsAttention);
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_UNKNOWN)), ExitCode::kUnknown);
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_RUNNING)), ExitCode::kUnknown);
}

TEST(ExitCodesTest, StaleStaysStaleWhereverItWasNoticed) {
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_REFUSED, v1::REASON_STALE_SCHEMA)), ExitCode::kStale);
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_ROLLED_BACK, v1::REASON_STALE_ROWS)), ExitCode::kStale);
}

TEST(ExitCodesTest, AReasonNeverTurnsACommittedRunIntoAnUnchangedOne) {
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_NEEDS_ATTENTION, v1::REASON_CACHE_ERROR)),
            ExitCode::kNeedsAttention);
}

TEST(ExitCodesTest, ARefusalByTheFloorIsNotAllowed) {
  EXPECT_EQ(ExitOf(EndedAs(v1::RUN_STATE_REFUSED, v1::REASON_FLOOR_REFUSES)),
            ExitCode::kNotAllowed);
}

TEST(ExitCodesTest, ProblemsShareACodeOrThereIsNoPlan) {
  using contract::MakeProblem;
  EXPECT_EQ(ExitOf(std::vector<v1::Problem>{MakeProblem(v1::REASON_BLUEPRINT_INVALID, "a"),
                                            MakeProblem(v1::REASON_BLUEPRINT_INVALID, "b")}),
            ExitCode::kUsage);
  EXPECT_EQ(ExitOf(std::vector<v1::Problem>{MakeProblem(v1::REASON_PARAMETER_NOT_ALLOWED, "a")}),
            ExitCode::kNotAllowed);
  EXPECT_EQ(ExitOf(std::vector<v1::Problem>{MakeProblem(v1::REASON_BLUEPRINT_INVALID, "a"),
                                            MakeProblem(v1::REASON_UNLISTED_TABLES, "b")}),
            ExitCode::kFailedUnchanged);
}

}  // namespace
}  // namespace resetctl::client

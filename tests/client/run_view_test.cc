#include "client/output/run_view.h"

#include "absl/strings/str_join.h"
#include "client/output/run_lines.h"
#include "client/output/times.h"
#include "gtest/gtest.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

RunView HalfWay() {
  RunView view;
  view.Apply(ARun(APlan(ADocument()), v1::RUN_STATE_RUNNING));
  v1::RunEvent verify = AnEvent(v1::STEP_KIND_VERIFY, v1::EVENT_KIND_SUCCEEDED, 1);
  verify.set_detail("9 statements, floor 2 of 2");
  verify.mutable_took()->set_nanos(100'000'000);
  view.Apply(verify);
  v1::RunEvent clear = AnEvent(v1::STEP_KIND_CLEAR, v1::EVENT_KIND_SUCCEEDED, 2);
  clear.set_done(1240243);
  clear.set_unit("rows");
  clear.mutable_took()->set_nanos(900'000'000);
  view.Apply(clear);
  v1::RunEvent recreate = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_STARTED, 3);
  recreate.set_total(7);
  recreate.set_unit("steps");
  view.Apply(recreate);
  v1::RunEvent items = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_PROGRESS, 4);
  items.set_name("Items");
  items.set_done(15000);
  items.set_total(20000);
  items.set_unit("rows");
  view.Apply(items);
  return view;
}

TEST(RunViewTest, ShowsALineAStepWithABarForLongOnes) {
  EXPECT_EQ(absl::StrJoin(HalfWay().Lines(ALook(), 0), "\n"),
            R"(Run r-19c04e77  production / rental-manager             Ctrl+C leaves it running
 ✓ verify    9 statements, floor 2 of 2                                    0.1 s
   lock
   re-check
 ✓ clear     1,240,243 rows                                                0.9 s
 ⠋ recreate  1 of 7  Items                ███████████░░░░  15,000 of 20,000 rows
   check
   commit
   cache
   after)");
}

TEST(RunViewTest, ClearingTellsWhichTableIsEmptiedAndHowFarItIs) {
  RunView view;
  v1::RunEvent clear = AnEvent(v1::STEP_KIND_CLEAR, v1::EVENT_KIND_STARTED, 1);
  clear.set_total(1240243);
  clear.set_unit("rows");
  view.Apply(clear);
  clear.set_kind(v1::EVENT_KIND_PROGRESS);
  clear.set_done(620000);
  clear.set_detail("items");
  view.Apply(clear);
  EXPECT_EQ(view.Lines(ALook(), 0)[4],
            " ⠋ clear     items                    ███████░░░░░░░░  620,000 of 1,240,243 rows");
  clear.set_kind(v1::EVENT_KIND_SUCCEEDED);
  clear.set_done(1240243);
  clear.set_detail("38 tables");
  view.Apply(clear);
  EXPECT_EQ(view.Lines(ALook(), 0)[4], " ✓ clear     1,240,243 rows, 38 tables");
}

TEST(RunViewTest, NeverWrapsOnANarrowTerminal) {
  for (const int width : {24, 32, 40, 56, 80}) {
    for (const std::string& line : HalfWay().Lines(ALook(width), 3)) {
      EXPECT_LE(Width(line), width) << line;
    }
  }
}

TEST(RunViewTest, CountsDownWhileHeld) {
  RunView view;
  v1::Run run = ARun(APlan(ADocument()), v1::RUN_STATE_HELD);
  *run.mutable_hold_until() = ToProto(ALook().now + absl::Milliseconds(2300));
  view.Apply(run);
  EXPECT_NE(view.Lines(ALook(), 0)[0].find("starts in 3 s   Ctrl+C cancels"), std::string::npos);
}

TEST(RunViewTest, NamesTheStepThatFailed) {
  RunView view;
  v1::RunEvent event = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_FAILED, 1);
  event.set_name("Admin user");
  event.mutable_problem()->set_message("duplicate key");
  view.Apply(event);
  EXPECT_NE(
      absl::StrJoin(view.Lines(ALook(), 0), "\n").find("✗ recreate  Admin user: duplicate key"),
      std::string::npos);
}

TEST(RunViewTest, NamesThePartAlsoWhenTheWholeStepHasFailed) {
  RunView view;
  v1::RunEvent event = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_FAILED, 1);
  event.set_name("Admin user");
  event.mutable_problem()->set_message("duplicate key");
  view.Apply(event);
  event.clear_name();
  view.Apply(event);
  EXPECT_NE(
      absl::StrJoin(view.Lines(ALook(), 0), "\n").find("✗ recreate  Admin user: duplicate key"),
      std::string::npos);
}

TEST(RunViewTest, StepsToldByTheirPartsAloneEndWithTheRun) {
  RunView view;
  v1::RunEvent hook = AnEvent(v1::STEP_KIND_AFTER, v1::EVENT_KIND_STARTED, 1);
  hook.set_name("Restart backend");
  view.Apply(hook);
  hook.set_kind(v1::EVENT_KIND_SUCCEEDED);
  hook.mutable_took()->set_seconds(2);
  view.Apply(hook);
  EXPECT_NE(view.Lines(ALook(), 0).back().find("⠋ after"), std::string::npos);
  view.Apply(ARun(APlan(ADocument()), v1::RUN_STATE_SUCCEEDED));
  EXPECT_EQ(view.Lines(ALook(), 0).back(),
            " ✓ after     Restart backend                                                 2 s");
}

TEST(RunViewTest, NothingSpinsInARunThatHasEnded) {
  RunView view;
  view.Apply(AnEvent(v1::STEP_KIND_CLEAR, v1::EVENT_KIND_STARTED, 1));
  view.Apply(ARun(APlan(ADocument()), v1::RUN_STATE_CANCELLED));
  EXPECT_NE(absl::StrJoin(view.Lines(ALook(), 0), "\n").find("✗ clear     stopped"),
            std::string::npos);
}

TEST(RunViewTest, RedrawsOverWhatWasShown) {
  EXPECT_EQ(Redraw(0, {"a", "b"}), "\r\x1b[2Ka\n\r\x1b[2Kb\n");
  EXPECT_EQ(Redraw(2, {"a"}), "\x1b[2A\r\x1b[2Ka\n\x1b[J");
}

TEST(EventLinesTest, AreMadeToBeGrepped) {
  EventLines lines;
  v1::RunEvent clear = AnEvent(v1::STEP_KIND_CLEAR, v1::EVENT_KIND_SUCCEEDED, 2);
  clear.set_done(1240243);
  clear.set_unit("rows");
  clear.mutable_took()->set_nanos(900'000'000);
  EXPECT_EQ(lines.Of(ALook(), clear),
            "2026-11-24T09:12:44+01:00 clear succeeded rows=1240243 took=0.9s\n");
  v1::RunEvent failed = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_FAILED, 3);
  failed.set_name("Admin \"user\"");
  failed.mutable_problem()->set_reason(v1::REASON_SQL_FAILED);
  failed.mutable_problem()->set_message("duplicate key");
  failed.mutable_problem()->set_file("sql/admin.sql");
  failed.mutable_problem()->set_line(12);
  EXPECT_EQ(lines.Of(ALook(), failed),
            "2026-11-24T09:12:44+01:00 recreate \"Admin \\\"user\\\"\" failed reason=SQL_FAILED "
            "at=\"sql/admin.sql:12\" message=\"duplicate key\"\n");
}

TEST(EventLinesTest, TellProgressOfLongStepsOnly) {
  EventLines lines;
  const auto at = [](v1::EventKind kind, absl::Duration after) {
    v1::RunEvent event = AnEvent(v1::STEP_KIND_CLEAR, kind, 1);
    *event.mutable_time() = ToProto(ALook().now + after);
    return event;
  };
  EXPECT_NE(lines.Of(ALook(), at(v1::EVENT_KIND_STARTED, absl::ZeroDuration())), "");
  EXPECT_EQ(lines.Of(ALook(), at(v1::EVENT_KIND_PROGRESS, absl::Milliseconds(4900))), "");
  EXPECT_NE(lines.Of(ALook(), at(v1::EVENT_KIND_PROGRESS, absl::Milliseconds(5100))), "");
  EXPECT_EQ(lines.Of(ALook(), at(v1::EVENT_KIND_PROGRESS, absl::Seconds(10))), "");
  EXPECT_NE(lines.Of(ALook(), at(v1::EVENT_KIND_PROGRESS, absl::Milliseconds(10100))), "");
}

TEST(EventLinesTest, SayOnlyTheEndOfAPart) {
  EventLines lines;
  v1::RunEvent roles = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_STARTED, 1);
  roles.set_name("Roles");
  EXPECT_EQ(lines.Of(ALook(), roles), "");
  roles.set_kind(v1::EVENT_KIND_SUCCEEDED);
  roles.set_done(4);
  roles.set_unit("rows");
  roles.mutable_took()->set_nanos(7'000'000);
  EXPECT_EQ(lines.Of(ALook(), roles),
            "2026-11-24T09:12:44+01:00 recreate \"Roles\" succeeded rows=4 took=0.007s\n");
}

TEST(EventLinesTest, SayWhatIsPlannedWhenAStepStarts) {
  EventLines lines;
  v1::RunEvent clear = AnEvent(v1::STEP_KIND_CLEAR, v1::EVENT_KIND_STARTED, 1);
  clear.set_total(22911);
  clear.set_unit("rows");
  clear.mutable_took();
  EXPECT_EQ(lines.Of(ALook(), clear), "2026-11-24T09:12:44+01:00 clear started rows=22911\n");
}

TEST(EventLinesTest, SayAProblemOnce) {
  EventLines lines;
  v1::RunEvent part = AnEvent(v1::STEP_KIND_RECREATE, v1::EVENT_KIND_FAILED, 1);
  part.set_name("Brands");
  part.mutable_problem()->set_reason(v1::REASON_SQL_FAILED);
  part.mutable_problem()->set_message("duplicate key");
  EXPECT_NE(lines.Of(ALook(), part).find("message="), std::string::npos);
  part.clear_name();
  EXPECT_EQ(lines.Of(ALook(), part),
            "2026-11-24T09:12:44+01:00 recreate failed reason=SQL_FAILED\n");
}

TEST(EventLinesTest, SayEachStateOnce) {
  EventLines lines;
  const v1::Run run = ARun(APlan(ADocument()), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(lines.Of(ALook(), run), "2026-11-24T09:12:44+01:00 run r-19c04e77 running\n");
  EXPECT_EQ(lines.Of(ALook(), run), "");
}

}  // namespace
}  // namespace resetctl::client

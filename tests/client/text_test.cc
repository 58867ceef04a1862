#include "client/output/text.h"

#include <csignal>
#include <unistd.h>

#include "client/output/printer.h"
#include "client/output/sanitize.h"
#include "client/output/table.h"
#include "gtest/gtest.h"
#include "resetctl/v1/plan.pb.h"
#include "tests/client/fixtures.h"

namespace resetctl::client {
namespace {

TEST(TextTest, GroupsThousands) {
  EXPECT_EQ(Count(0), "0");
  EXPECT_EQ(Count(999), "999");
  EXPECT_EQ(Count(1000), "1,000");
  EXPECT_EQ(Count(1240240), "1,240,240");
  EXPECT_EQ(Count(-1240240), "-1,240,240");
}

TEST(TextTest, NamesOneAndMany) {
  EXPECT_EQ(Counted(1, "row", "rows"), "1 row");
  EXPECT_EQ(Counted(1204, "row", "rows"), "1,204 rows");
}

TEST(TextTest, ShowsBytesInTheUnitThatFits) {
  EXPECT_EQ(Bytes(512), "512 B");
  EXPECT_EQ(Bytes(8192), "8.0 kB");
  EXPECT_EQ(Bytes(641835008), "612 MB");
  EXPECT_EQ(Bytes(1023), "1.0 kB");
}

TEST(TextTest, ShowsDurationsAsPeopleSayThem) {
  EXPECT_EQ(Human(absl::Milliseconds(84)), "84 ms");
  EXPECT_EQ(Human(absl::Milliseconds(4100)), "4.1 s");
  EXPECT_EQ(Human(absl::Seconds(5)), "5 s");
  EXPECT_EQ(Human(absl::Seconds(123)), "2 min 3 s");
  EXPECT_EQ(Human(absl::Minutes(192)), "3 h 12 min");
  EXPECT_EQ(Human(absl::Hours(52)), "2 d 4 h");
}

TEST(TextTest, ShowsTimesLocallyWithZone) {
  const Look look = ALook();
  EXPECT_EQ(Iso(look, look.now), "2026-11-24T09:12:44+01:00");
  EXPECT_EQ(When(look, look.now + absl::Hours(2)), "today 11:12 +01");
  EXPECT_EQ(When(look, look.now + absl::Hours(20)), "tomorrow 05:12 +01");
  EXPECT_EQ(When(look, look.now + absl::Hours(96)), "2026-11-28 09:12 +01");
}

TEST(TextTest, CutsAtCodePointsNotBytes) {
  EXPECT_EQ(Cut("größe", 5), "größe");
  EXPECT_EQ(Cut("größen", 5), "größ…");
  EXPECT_EQ(Width("größe"), 5);
  EXPECT_EQ(Width("\x1b[31mred\x1b[0m"), 3);
}

TEST(TextTest, WrapsBelowItself) {
  EXPECT_EQ(Wrap("one two three four five", 20, 4), "one two three\n    four five");
}

TEST(TextTest, KeepsTheLinesOfAFragmentAsTheyAre) {
  EXPECT_EQ(Wrap("add this:\n  - group: Unsorted\n    tables: [a]", 80, 2),
            "add this:\n    - group: Unsorted\n      tables: [a]");
}

TEST(TableTest, DropsColumnsBeforeItCutsNames) {
  Table table;
  table.Column("NAME").Column("ROWS", Table::Align::kRight);
  table.Column("NOTE", Table::Align::kLeft, true);
  table.Row({"transaction_lines", "1,204", "a note that is long"});
  EXPECT_EQ(table.Render(ALook(80)),
            "NAME                ROWS  NOTE\n"
            "transaction_lines  1,204  a note that is long\n");
  EXPECT_EQ(table.Render(ALook(30)),
            "NAME                ROWS\n"
            "transaction_lines  1,204\n");
  EXPECT_EQ(table.Render(ALook(20)),
            "NAME            ROWS\n"
            "transaction_…  1,204\n");
}

TEST(TableTest, APipeGetsWhatATerminalHasNoRoomFor) {
  Table table;
  table.Column("NAME").Column("NOTE", Table::Align::kLeft, true);
  table.Row({"transaction_lines", "a note that is long"});
  Look pipe = ALook(20);
  pipe.cut = false;
  EXPECT_EQ(table.Render(pipe),
            "NAME               NOTE\n"
            "transaction_lines  a note that is long\n");
}

TEST(TableTest, CutsTheWidestOnesAlike) {
  Table table;
  table.Column("WHO").Column("ACTION").Column("SUBJECT").CutTo(10);
  table.Row({"agent rental-manager", "run.recreate", "a file with a very long name"});
  table.Row({"alice", "plan.approve", "p-7f3a91c2"});
  EXPECT_EQ(table.Render(ALook(50)),
            "WHO                ACTION        SUBJECT\n"
            "agent rental-man…  run.recreate  a file with a ve…\n"
            "alice              plan.approve  p-7f3a91c2\n");
}

TEST(SanitizeTest, LeavesNothingThatRepaintsATerminal) {
  EXPECT_EQ(Clean("a\x1b[2Jb"), "a?[2Jb");
  EXPECT_EQ(Clean("a\xC2\x9B"
                  "2J"),
            "a?2J");
  EXPECT_EQ(Clean("bad \xFF utf8"), "bad ? utf8");
  EXPECT_EQ(Clean("two\nlines"), "two lines");
  EXPECT_EQ(Clean("two\nlines", true), "two\nlines");
}

TEST(FileSinkTest, AReaderThatWentAwayIsNoError) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  close(pipe_ends[0]);
  const auto before = signal(SIGPIPE, SIG_IGN);
  FileSink sink(pipe_ends[1]);
  sink.Write("nobody reads this");
  sink.Write("nor this");
  signal(SIGPIPE, before);
  EXPECT_EQ(close(pipe_ends[1]), 0);
}

TEST(SanitizeTest, ReachesEveryStringOfAMessage) {
  v1::PlanDocument document = ADocument();
  document.mutable_groups(0)->mutable_tables(1)->set_name("evil\x1b[1A");
  document.set_sets(0, "set\r");
  const v1::PlanDocument clean = Cleaned(document);
  EXPECT_EQ(clean.groups(0).tables(1).name(), "evil?[1A");
  EXPECT_EQ(clean.sets(0), "set?");
}

}  // namespace
}  // namespace resetctl::client

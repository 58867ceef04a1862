#include "proto/contract/maintenance_window.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

using ::testing::HasSubstr;

absl::Time Utc(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", text, absl::UTCTimeZone(), &time, &error)) << text;
  return time;
}

std::string Show(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M", time, absl::UTCTimeZone());
}

MaintenanceWindow Window(const std::string& text) {
  auto window = MaintenanceWindow::Parse(text);
  EXPECT_TRUE(window.ok()) << window.status();
  return *window;
}

TEST(MaintenanceWindowTest, IsOpenFromItsStartToBeforeItsEnd) {
  const MaintenanceWindow window = Window("Sat 02:00-06:00 UTC");
  EXPECT_FALSE(window.IsOpen(Utc("2026-11-28 01:59")));
  EXPECT_TRUE(window.IsOpen(Utc("2026-11-28 02:00")));
  EXPECT_TRUE(window.IsOpen(Utc("2026-11-28 05:59")));
  EXPECT_FALSE(window.IsOpen(Utc("2026-11-28 06:00")));
  EXPECT_FALSE(window.IsOpen(Utc("2026-11-27 03:00")));
}

TEST(MaintenanceWindowTest, AnEndBeforeTheStartIsOnTheNextDay) {
  const MaintenanceWindow window = Window("Fri 22:00-04:00 UTC");
  EXPECT_TRUE(window.IsOpen(Utc("2026-11-27 23:00")));
  EXPECT_TRUE(window.IsOpen(Utc("2026-11-28 03:59")));
  EXPECT_FALSE(window.IsOpen(Utc("2026-11-27 03:00")));  // that night's window is Thursday's
  EXPECT_FALSE(window.IsOpen(Utc("2026-11-28 22:30")));
}

TEST(MaintenanceWindowTest, DaysAreNamesRangesAndLists) {
  for (const char* open : {"Mon-Fri 00:00-24:00 UTC", "mon,THU 00:00-24:00 UTC",
                           "Sun-Thu,Sat 00:00-24:00 UTC", "daily 00:00-24:00 UTC"}) {
    EXPECT_TRUE(Window(open).IsOpen(Utc("2026-11-26 12:00"))) << open;  // a Thursday
  }
  for (const char* shut : {"Sat,Sun 00:00-24:00 UTC", "Fri-Wed 00:00-24:00 UTC"}) {
    EXPECT_FALSE(Window(shut).IsOpen(Utc("2026-11-26 12:00"))) << shut;
  }
}

TEST(MaintenanceWindowTest, WhatIsNoneIsRefused) {
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"", "is no maintenance window"},
           {"Sat 02:00-06:00", "is no maintenance window"},
           {"Sat 02:00 - 06:00 UTC", "is no maintenance window"},
           {"Saturday 02:00-06:00 UTC", "names no days"},
           {"Sat-Sun-Mon 02:00-06:00 UTC", "names no days"},
           {"Sat, 02:00-06:00 UTC", "names no days"},
           {"Sat 2:00-06:00 UTC", "no time of day"},
           {"Sat 02:60-06:00 UTC", "no time of day"},
           {"Sat 24:00-06:00 UTC", "no time of day"},
           {"Sat 02:00-24:01 UTC", "no time of day"},
           {"Sat 02:00-00:00 UTC", "no time of day"},
           {"Sat 02:00-02:00 UTC", "no time of day"},
           {"Sat 02:00-06:00-08:00 UTC", "no time of day"},
           {"Sat 02:00-06:00 Europe/Berlinn", "no time zone"}}) {
    const auto window = MaintenanceWindow::Parse(text);
    ASSERT_FALSE(window.ok()) << text;
    EXPECT_EQ(ReasonOf(window.status()), v1::REASON_POLICY_INVALID);
    EXPECT_THAT(ProblemOf(window.status()).message(), HasSubstr(why)) << text;
  }
}

// Berlin, 2026-03-29: after 01:59 comes 03:00. An hour that no clock shows is no part of a window.
TEST(MaintenanceWindowTest, AnHourThatIsSkippedIsNoPartOfIt) {
  const MaintenanceWindow night = Window("Sun 02:00-06:00 Europe/Berlin");
  EXPECT_FALSE(night.IsOpen(Utc("2026-03-29 00:59")));
  EXPECT_EQ(Show(night.NextOpening(Utc("2026-03-29 00:00"))), "2026-03-29 01:00");  // 03:00 there
  EXPECT_EQ(Show(night.Closing(Utc("2026-03-29 01:30"))), "2026-03-29 04:00");      // 06:00 there
  const MaintenanceWindow lost = Window("Sun 02:00-02:30 Europe/Berlin");
  EXPECT_EQ(Show(lost.NextOpening(Utc("2026-03-29 00:00"))), "2026-04-05 00:00");
}

// Berlin, 2026-10-25: after 02:59 comes 02:00 again. An hour that comes twice is part of it twice.
TEST(MaintenanceWindowTest, AnHourThatComesTwiceIsPartOfItTwice) {
  const MaintenanceWindow half = Window("Sun 02:00-02:30 Europe/Berlin");
  EXPECT_EQ(Show(half.NextOpening(Utc("2026-10-24 12:00"))), "2026-10-25 00:00");
  EXPECT_EQ(Show(half.Closing(Utc("2026-10-25 00:10"))), "2026-10-25 00:30");
  EXPECT_FALSE(half.IsOpen(Utc("2026-10-25 00:45")));
  EXPECT_EQ(Show(half.NextOpening(Utc("2026-10-25 00:45"))), "2026-10-25 01:00");
  const MaintenanceWindow night = Window("Sun 02:00-06:00 Europe/Berlin");
  EXPECT_EQ(Show(night.Closing(Utc("2026-10-25 00:00"))), "2026-10-25 05:00");
}

TEST(MaintenanceWindowTest, OneThatNeverClosesSaysSo) {
  EXPECT_EQ(Window("daily 00:00-24:00 UTC").Closing(Utc("2026-11-26 12:00")),
            absl::InfiniteFuture());
}

TEST(MaintenanceWindowTest, SeveralAreOpenWhenOneIs) {
  const std::vector<MaintenanceWindow> windows = {Window("Thu 12:00-13:00 UTC"),
                                                  Window("Thu 12:30-15:00 UTC")};
  EXPECT_EQ(Show(AskWindows(windows, Utc("2026-11-26 12:40")).until), "2026-11-26 15:00");
  const WindowAnswer shut = AskWindows(windows, Utc("2026-11-26 15:00"));
  EXPECT_FALSE(shut.open);
  EXPECT_EQ(Show(shut.until), "2026-12-03 12:00");
  EXPECT_TRUE(AskWindows({}, Utc("2026-11-26 15:00")).open);
}

// Against the obvious way: look at every minute.
TEST(MaintenanceWindowTest, OpeningsAndClosingsAreThoseThatAClockWatcherSees) {
  constexpr uint32_t kSeed = 20261126;
  std::mt19937 random(kSeed);
  const auto any = [&random](int below) { return static_cast<int>(random() % below); };
  const std::vector<std::string> zones = {"UTC", "Europe/Berlin", "America/New_York",
                                          "Australia/Lord_Howe", "Asia/Kathmandu"};
  const std::vector<std::string> days = {"daily", "Sun", "Sat-Mon", "Tue,Sun"};
  // Around both changes of Berlin, New York and Lord Howe (half an hour) in 2026.
  const std::vector<std::string> starts = {"2026-03-07 00:00", "2026-03-28 00:00",
                                           "2026-04-04 00:00", "2026-10-03 00:00",
                                           "2026-10-24 00:00", "2026-10-31 00:00"};
  for (int round = 0; round < 120; ++round) {
    const int start = any(1440);
    const int end = (start + 1 + any(1438)) % 1440;
    if (end == 0) continue;
    const std::string text = absl::StrFormat("%s %02d:%02d-%02d:%02d %s", days[any(4)], start / 60,
                                             start % 60, end / 60, end % 60, zones[any(5)]);
    SCOPED_TRACE(absl::StrCat(text, ", seed ", kSeed, ", round ", round));
    const MaintenanceWindow window = Window(text);
    const absl::Time from = Utc(starts[any(6)]) + absl::Minutes(any(1440));
    const bool open = window.IsOpen(from);
    absl::Time seen = from;
    while (window.IsOpen(seen) == open && seen < from + absl::Hours(24 * 8)) {
      seen += absl::Minutes(1);
    }
    const absl::Time said = open ? window.Closing(from) : window.NextOpening(from);
    if (seen == from + absl::Hours(24 * 8)) {
      EXPECT_GE(said, seen);
    } else {
      EXPECT_EQ(Show(said), Show(seen));
    }
  }
}

}  // namespace
}  // namespace resetctl::contract

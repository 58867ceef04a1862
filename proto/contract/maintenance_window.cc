#include "proto/contract/maintenance_window.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/base/text.h"
#include "proto/contract/reasons.h"

namespace resetctl::contract {
namespace {

constexpr int kMinutesPerDay = 24 * 60;
constexpr int kDaysAhead = 8;  // each weekday once, and the next day of the last
constexpr char kAdvice[] =
    "Write DAYS HH:MM-HH:MM ZONE, for example Sat 02:00-06:00 Europe/Berlin.";

constexpr const char* kDayNames[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

absl::Weekday DayAt(size_t index) {
  constexpr absl::Weekday kDays[] = {absl::Weekday::monday,    absl::Weekday::tuesday,
                                     absl::Weekday::wednesday, absl::Weekday::thursday,
                                     absl::Weekday::friday,    absl::Weekday::saturday,
                                     absl::Weekday::sunday};
  return kDays[index % 7];
}

absl::Status Wrong(absl::string_view what) {
  return Error(v1::REASON_POLICY_INVALID, what, kAdvice);
}

std::optional<size_t> DayIndex(absl::string_view name) {
  const std::string lower = absl::AsciiStrToLower(name);
  for (size_t i = 0; i < 7; ++i) {
    if (lower == kDayNames[i]) return i;
  }
  return std::nullopt;
}

// 'daily', 'Sat', 'Mon-Fri', 'Sat,Sun'.
std::optional<std::set<absl::Weekday>> ParseDays(absl::string_view text) {
  std::set<absl::Weekday> days;
  if (absl::AsciiStrToLower(text) == "daily") {
    for (size_t i = 0; i < 7; ++i) days.insert(DayAt(i));
    return days;
  }
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> ends = absl::StrSplit(part, '-');
    const std::optional<size_t> first = DayIndex(ends.front());
    const std::optional<size_t> last = DayIndex(ends.back());
    if (ends.size() > 2 || !first || !last) return std::nullopt;
    for (size_t day = *first;; day = (day + 1) % 7) {
      days.insert(DayAt(day));
      if (day == *last) break;
    }
  }
  return days;
}

// 'HH:MM', up to 24:00.
std::optional<int> ParseMinute(absl::string_view text) {
  const bool shaped = text.size() == 5 && text[2] == ':' && absl::ascii_isdigit(text[0]) &&
                      absl::ascii_isdigit(text[1]) && absl::ascii_isdigit(text[3]) &&
                      absl::ascii_isdigit(text[4]);
  if (!shaped) return std::nullopt;
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour * 60 + minute > kMinutesPerDay) return std::nullopt;
  return hour * 60 + minute;
}

}  // namespace

absl::StatusOr<MaintenanceWindow> MaintenanceWindow::Parse(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (parts.size() != 3) return Wrong(absl::StrCat("'", text, "' is no maintenance window"));
  MaintenanceWindow window;
  window.text_ = base::Str(text);
  std::optional<std::set<absl::Weekday>> days = ParseDays(parts[0]);
  if (!days) return Wrong(absl::StrCat("'", parts[0], "' names no days of the week"));
  window.days_ = *std::move(days);

  const std::vector<absl::string_view> times = absl::StrSplit(parts[1], '-');
  const std::optional<int> start = ParseMinute(times.front());
  const std::optional<int> end = ParseMinute(times.back());
  if (times.size() != 2 || !start || !end || *start == kMinutesPerDay || *end == 0 ||
      *start == *end) {
    return Wrong(absl::StrCat("'", parts[1], "' is no time of day"));
  }
  window.start_minute_ = *start;
  window.end_minute_ = *end;
  if (!absl::LoadTimeZone(base::Str(parts[2]), &window.zone_)) {
    return Wrong(absl::StrCat("'", parts[2], "' is no time zone that this machine knows"));
  }
  return window;
}

bool MaintenanceWindow::IsOpen(absl::Time at) const {
  const absl::CivilSecond wall = absl::ToCivilSecond(at, zone_);
  const absl::CivilDay day(wall);
  const int minute = wall.hour() * 60 + wall.minute();
  const bool today = days_.count(absl::GetWeekday(day)) != 0;
  if (start_minute_ < end_minute_) return today && minute >= start_minute_ && minute < end_minute_;
  const bool yesterday = days_.count(absl::GetWeekday(day - 1)) != 0;
  return (today && minute >= start_minute_) || (yesterday && minute < end_minute_);
}

// It changes only where the wall clock shows a start or an end, or jumps: look at each of those moments.
absl::Time MaintenanceWindow::NextChange(absl::Time now, bool to_open) const {
  if (IsOpen(now) == to_open) return now;
  const absl::CivilDay today(absl::ToCivilSecond(now, zone_));
  std::vector<absl::Time> moments;
  for (int ahead = -1; ahead <= kDaysAhead; ++ahead) {
    const absl::CivilSecond midnight(today + ahead);
    for (const int minute : {start_minute_, end_minute_}) {
      const absl::TimeZone::TimeInfo info = zone_.At(midnight + int64_t{60} * minute);
      moments.insert(moments.end(), {info.pre, info.trans, info.post});
    }
    absl::TimeZone::CivilTransition jump;
    if (zone_.NextTransition(absl::FromCivil(midnight, zone_) - absl::Nanoseconds(1), &jump)) {
      moments.push_back(zone_.At(jump.to).trans);
      moments.push_back(absl::FromCivil(jump.to, zone_));
    }
  }
  std::sort(moments.begin(), moments.end());
  for (const absl::Time moment : moments) {
    if (moment >= now && IsOpen(moment) == to_open) return moment;
  }
  return absl::InfiniteFuture();
}

absl::Time MaintenanceWindow::NextOpening(absl::Time now) const { return NextChange(now, true); }
absl::Time MaintenanceWindow::Closing(absl::Time now) const { return NextChange(now, false); }

WindowAnswer AskWindows(const std::vector<MaintenanceWindow>& windows, absl::Time now) {
  WindowAnswer answer;
  answer.open = windows.empty();
  for (const MaintenanceWindow& window : windows) answer.open |= window.IsOpen(now);
  for (const MaintenanceWindow& window : windows) {
    if (window.IsOpen(now) != answer.open) continue;
    const absl::Time change = answer.open ? window.Closing(now) : window.NextOpening(now);
    const bool better = answer.open ? change > answer.until : change < answer.until;
    if (answer.window != nullptr && !better) continue;
    answer.window = &window;
    answer.until = change;
  }
  return answer;
}

}  // namespace resetctl::contract

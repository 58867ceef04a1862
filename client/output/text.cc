#include "client/output/text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "proto/base/text.h"

namespace resetctl::client {
namespace {

using base::Str;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the escape sequence that starts at `i`; 0 when none does.
size_t EscapeLength(absl::string_view text, size_t i) {
  if (text[i] != '\x1b' || i + 1 >= text.size() || text[i + 1] != '[') return 0;
  size_t end = i + 2;
  while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
  return std::min(end + 1, text.size()) - i;
}

const char* Code(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kBold:
      return "\x1b[1m";
    case Tone::kDim:
      return "\x1b[2m";
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kWarn:
      return "\x1b[33m";
    case Tone::kBad:
      return "\x1b[31m";
  }
  return "";
}

}  // namespace

std::string Paint(const Look& look, Tone tone, absl::string_view text) {
  if (!look.color || tone == Tone::kPlain || text.empty()) return Str(text);
  return absl::StrCat(Code(tone), text, "\x1b[0m");
}

absl::string_view EstimateMark(bool estimated) { return estimated ? "≈" : ""; }

std::string Count(int64_t number) {
  std::string digits = absl::StrCat(number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

std::string Counted(int64_t number, absl::string_view one, absl::string_view many) {
  return absl::StrCat(Count(number), " ", number == 1 ? one : many);
}

std::string Bytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0 || value >= 10) return absl::StrFormat("%.0f %s", value, kUnits[unit]);
  return absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

std::string Human(absl::Duration duration) {
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(duration));
  if (seconds < 0.0995) return absl::StrFormat("%.0f ms", seconds * 1000);
  if (seconds < 59.95) {
    const bool whole_seconds = duration % absl::Seconds(1) == absl::ZeroDuration();
    return whole_seconds ? absl::StrFormat("%.0f s", seconds) : absl::StrFormat("%.1f s", seconds);
  }
  const int64_t whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) {
    return whole % 60 == 0 ? absl::StrFormat("%d min", whole / 60)
                           : absl::StrFormat("%d min %d s", whole / 60, whole % 60);
  }
  const int64_t minutes = whole / 60;
  constexpr int64_t kMinutesPerDay = 1440;
  if (minutes < kMinutesPerDay) {
    return minutes % 60 == 0 ? absl::StrFormat("%d h", minutes / 60)
                             : absl::StrFormat("%d h %d min", minutes / 60, minutes % 60);
  }
  const int64_t hours = minutes / 60;
  return hours % 24 == 0 ? absl::StrFormat("%d d", hours / 24)
                         : absl::StrFormat("%d d %d h", hours / 24, hours % 24);
}

std::string Ago(absl::Time time, absl::Time now) {
  const absl::Duration age = now - time;
  if (age < absl::Seconds(-1))
    return absl::StrCat("in ", Human(absl::Trunc(-age, absl::Seconds(1))));
  if (age < absl::Seconds(5)) return "just now";
  if (age < absl::Minutes(1)) return absl::StrFormat("%d s ago", absl::ToInt64Seconds(age));
  if (age < absl::Hours(1)) return absl::StrFormat("%d min ago", absl::ToInt64Minutes(age));
  if (age < absl::Hours(48)) return absl::StrFormat("%d h ago", absl::ToInt64Hours(age));
  return absl::StrFormat("%d d ago", absl::ToInt64Hours(age) / 24);
}

std::string When(const Look& look, absl::Time time) {
  const absl::CivilDay day = absl::ToCivilDay(time, look.zone);
  const absl::CivilDay today = absl::ToCivilDay(look.now, look.zone);
  if (day == today) return absl::FormatTime("today %H:%M %Z", time, look.zone);
  if (day == today + 1) return absl::FormatTime("tomorrow %H:%M %Z", time, look.zone);
  if (day == today - 1) return absl::FormatTime("yesterday %H:%M %Z", time, look.zone);
  return absl::FormatTime("%Y-%m-%d %H:%M %Z", time, look.zone);
}

std::string Stamp(const Look& look, absl::Time time) {
  const bool this_year =
      absl::ToCivilYear(time, look.zone) == absl::ToCivilYear(look.now, look.zone);
  return absl::FormatTime(this_year ? "%b %d %H:%M:%S" : "%Y-%m-%d %H:%M", time, look.zone);
}

std::string Iso(const Look& look, absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%S%Ez", time, look.zone);
}

int Width(absl::string_view text) {
  int columns = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t escape = EscapeLength(text, i);
    if (escape > 0) {
      i += escape;
      continue;
    }
    if (!IsContinuation(text[i])) ++columns;
    ++i;
  }
  return columns;
}

std::string Pad(absl::string_view text, int width) {
  const int missing = width - Width(text);
  return missing > 0 ? absl::StrCat(text, std::string(missing, ' ')) : Str(text);
}

std::string PadLeft(absl::string_view text, int width) {
  const int missing = width - Width(text);
  return missing > 0 ? absl::StrCat(std::string(missing, ' '), text) : Str(text);
}

std::string Cut(absl::string_view text, int width) {
  if (Width(text) <= width) return Str(text);
  if (width <= 0) return "";
  size_t end = 0;
  int columns = 0;
  while (end < text.size()) {
    size_t next = end + 1;
    while (next < text.size() && IsContinuation(text[next])) ++next;
    if (columns + 1 > width - 1) break;
    ++columns;
    end = next;
  }
  return absl::StrCat(text.substr(0, end), "…");
}

std::string Wrap(absl::string_view text, int width, int indent) {
  const std::string lead(std::max(indent, 0), ' ');
  const int room = std::max(width - indent, 16);
  std::string out;
  bool first_line = true;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!first_line) absl::StrAppend(&out, "\n", line.empty() ? "" : lead);
    first_line = false;
    // Leading blanks of a line are content (a YAML fragment, say): such a line is not broken.
    if (!line.empty() && line[0] == ' ') {
      absl::StrAppend(&out, line);
      continue;
    }
    int used = 0;
    int blanks = 0;  // before the next word; several of them make columns and stay
    for (absl::string_view word : absl::StrSplit(line, ' ')) {
      if (word.empty()) {
        ++blanks;
        continue;
      }
      const int columns = Width(word);
      if (used > 0 && used + blanks + columns > room) {
        absl::StrAppend(&out, "\n", lead);
        used = 0;
      }
      if (used > 0) {
        absl::StrAppend(&out, std::string(blanks, ' '));
        used += blanks;
      }
      absl::StrAppend(&out, word);
      used += columns;
      blanks = 1;
    }
  }
  return out;
}

std::string Flow(const std::vector<std::string>& items, int width, int indent) {
  std::string out;
  int used = indent;
  for (const std::string& item : items) {
    const int columns = Width(item);
    if (out.empty()) {
      used += columns;
    } else if (used + 3 + columns > width) {
      absl::StrAppend(&out, "\n", std::string(indent, ' '));
      used = indent + columns;
    } else {
      absl::StrAppend(&out, " · ");
      used += 3 + columns;
    }
    // A single item may be longer than a line.
    absl::StrAppend(&out, Wrap(item, width, indent));
  }
  return out;
}

std::string Spread(absl::string_view left, absl::string_view right, int width) {
  const int gap = width - Width(left) - Width(right);
  if (right.empty() || gap < 2) return Cut(left, width);
  return absl::StrCat(left, std::string(gap, ' '), right);
}

std::string Field(const Look& look, absl::string_view label, absl::string_view text,
                  int label_width) {
  return absl::StrCat(Paint(look, Tone::kBold, label),
                      std::string(std::max(1, label_width - Width(label)), ' '),
                      Wrap(text, look.width, label_width), "\n");
}

std::string Listed(const std::vector<std::string>& names, absl::string_view separator) {
  if (names.empty()) return "nothing";
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) absl::StrAppend(&out, separator);
    absl::StrAppend(&out, name);
  }
  return out;
}

}  // namespace resetctl::client

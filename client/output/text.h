#ifndef RESETCTL_CLIENT_OUTPUT_TEXT_H_
#define RESETCTL_CLIENT_OUTPUT_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace resetctl::client {

// All that a rendering depends on besides its message: rendering functions are pure.
struct Look {
  int width = 80;   // columns
  bool cut = true;  // cells of tables that do not fit are cut or left out; a pipe gets them whole
  bool color = false;  // ANSI; carries no meaning that the words do not
  absl::TimeZone zone = absl::UTCTimeZone();
  absl::Time now = absl::UnixEpoch();
};

enum class Tone { kPlain, kBold, kDim, kGood, kWarn, kBad };
std::string Paint(const Look& look, Tone tone, absl::string_view text);

// 1,240,240
std::string Count(int64_t number);
// Stands before a number that is an estimate; empty before others.
absl::string_view EstimateMark(bool estimated);
// "1 table", "38 tables"
std::string Counted(int64_t number, absl::string_view one, absl::string_view many);
// 612 MB: powers of 1024, as pg_size_pretty names them.
std::string Bytes(int64_t bytes);
// 84 ms, 0.9 s, 4.1 s, 2 min 3 s, 3 h 12 min, 2 d 4 h
std::string Human(absl::Duration duration);
// "just now", "2 min ago", "in 3 h 12 min"
std::string Ago(absl::Time time, absl::Time now);
// "today 18:40 CET", "tomorrow 09:00 CET", "2026-11-28 02:00 CET": local, with zone
std::string When(const Look& look, absl::Time time);
// "Nov 24 09:12:44", with the year instead of the seconds when it is another one; no zone: the
// column's title says it
std::string Stamp(const Look& look, absl::Time time);
// 2026-11-24T09:12:44+01:00
std::string Iso(const Look& look, absl::Time time);

// Columns on a terminal: code points, ANSI sequences left out.
int Width(absl::string_view text);
std::string Pad(absl::string_view text, int width);
std::string PadLeft(absl::string_view text, int width);
// At most `width` columns, the last of them '…' when something was left out. Plain text only.
std::string Cut(absl::string_view text, int width);

// Lines of at most `width` columns, broken at blanks (a longer word stands alone), each but the
// first led by `indent` blanks that count. Line ends in `text` are kept.
std::string Wrap(absl::string_view text, int width, int indent);

// "a · b · c" in lines of at most `width` columns, each but the first led by `indent` blanks that
// count; an item stays on one line.
std::string Flow(const std::vector<std::string>& items, int width, int indent);

// Beginning, and end at the right edge where there is room for both and two blanks; else cut, and
// without the end.
std::string Spread(absl::string_view left, absl::string_view right, int width);

// A label, padded, and text wrapped beside it:
//   Database   rental @ db.internal:5432,
//              PostgreSQL 15.6
std::string Field(const Look& look, absl::string_view label, absl::string_view text,
                  int label_width = 11);

// "a, b, c"; "nothing" for none.
std::string Listed(const std::vector<std::string>& names, absl::string_view separator = ", ");

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_TEXT_H_

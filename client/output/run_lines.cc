#include "client/output/run_lines.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/output/exit_codes.h"
#include "client/output/problems.h"
#include "client/output/sanitize.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

// A step that takes longer than this tells how far it is, once in so long.
constexpr absl::Duration kProgressEvery = absl::Seconds(5);

const char* KindWord(v1::EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_STARTED:
      return "started";
    case v1::EVENT_KIND_PROGRESS:
      return "progress";
    case v1::EVENT_KIND_SUCCEEDED:
      return "succeeded";
    case v1::EVENT_KIND_FAILED:
      return "failed";
    case v1::EVENT_KIND_SKIPPED:
      return "skipped";
    case v1::EVENT_KIND_WARNING:
      return "warning";
    default:
      return "event";
  }
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat(
      "\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", " "}}), "\"");
}

}  // namespace

const char* StepLabel(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_VERIFY:
      return "verify";
    case v1::STEP_KIND_BEFORE:
      return "before";
    case v1::STEP_KIND_LOCK:
      return "lock";
    case v1::STEP_KIND_RECHECK:
      return "re-check";
    case v1::STEP_KIND_CLEAR:
      return "clear";
    case v1::STEP_KIND_RECREATE:
      return "recreate";
    case v1::STEP_KIND_CHECK:
      return "check";
    case v1::STEP_KIND_COMMIT:
      return "commit";
    case v1::STEP_KIND_UNDO:
      return "undo";
    case v1::STEP_KIND_CACHE:
      return "cache";
    case v1::STEP_KIND_AFTER:
      return "after";
    default:
      return "step";
  }
}

std::string WhatItDid(const v1::RunEvent& event) {
  // All units are plain plurals: '1 row'.
  const bool one = event.done() == 1 && event.total() <= 1;
  const absl::string_view word = one ? absl::StripSuffix(event.unit(), "s") : event.unit();
  const std::string unit = word.empty() ? "" : absl::StrCat(" ", word);
  std::string count;
  if (event.total() > 0 && event.done() != event.total()) {
    count = absl::StrCat(Count(event.done()), " of ", Count(event.total()), unit);
  } else if (event.done() > 0 || event.total() > 0) {
    count = absl::StrCat(Count(event.done()), unit);
  }
  if (event.detail().empty() || count.empty()) return absl::StrCat(count, event.detail());
  // A re-check counts what it looked at, which is not what it did.
  if (event.step() == v1::STEP_KIND_RECHECK) return event.detail();
  return absl::StrCat(count, ", ", event.detail());
}

bool EventLines::IsNoise(const v1::RunEvent& event, absl::Time time) {
  if (event.kind() == v1::EVENT_KIND_STARTED) {
    started_ = time;
    progress_ = absl::InfinitePast();
    return !event.name().empty();
  }
  if (event.kind() != v1::EVENT_KIND_PROGRESS) return false;
  if (time - started_ < kProgressEvery || time - progress_ < kProgressEvery) return true;
  progress_ = time;
  return false;
}

std::string EventLines::Of(const Look& look, const v1::RunEvent& raw) {
  const v1::RunEvent event = Cleaned(raw);
  const absl::Time time = TimeOf(event.time());
  if (IsNoise(event, time)) return "";
  std::string out = absl::StrCat(Iso(look, time), " ", StepLabel(event.step()));
  if (!event.name().empty()) absl::StrAppend(&out, " ", Quoted(event.name()));
  absl::StrAppend(&out, " ", KindWord(event.kind()));
  const bool started = event.kind() == v1::EVENT_KIND_STARTED;
  if (event.done() > 0 || event.total() > 0) {
    const std::string unit = event.unit().empty() ? "done" : event.unit();
    if (started) {
      absl::StrAppend(&out, " ", unit, "=", event.total());
    } else {
      absl::StrAppend(&out, " ", unit, "=", event.done());
      if (event.total() > 0 && event.total() != event.done()) {
        absl::StrAppend(&out, "/", event.total());
      }
    }
  }
  if (event.has_took() && !started) {
    const double seconds = absl::ToDoubleSeconds(DurationOf(event.took()));
    absl::StrAppend(
        &out, " took=",
        seconds < 0.0995 ? absl::StrFormat("%.3fs", seconds) : absl::StrFormat("%.1fs", seconds));
  }
  if (event.has_problem() && event.problem().reason() != v1::REASON_UNSPECIFIED) {
    absl::StrAppend(&out, " reason=", contract::NameOf(event.problem().reason()));
    const std::string place = PlaceOf(event.problem());
    // The step says what its part has said already: once is enough.
    const bool again = event.problem().message() == problem_said_;
    problem_said_ = event.problem().message();
    if (!place.empty() && !again) absl::StrAppend(&out, " at=", Quoted(place));
    if (!again) absl::StrAppend(&out, " message=", Quoted(event.problem().message()));
  } else if (!event.detail().empty()) {
    absl::StrAppend(&out, " detail=", Quoted(event.detail()));
  }
  absl::StrAppend(&out, "\n");
  return out;
}

std::string EventLines::Of(const Look& look, const v1::Run& run) {
  if (run.state() == said_ || run.state() == v1::RUN_STATE_UNSPECIFIED) return "";
  said_ = run.state();
  // The end has its time; the others are as fresh as this line.
  const absl::Time time = run.has_end_time() ? TimeOf(run.end_time()) : look.now;
  std::string state = absl::StrReplaceAll(EndStateOf(run.state()).title, {{" ", "_"}});
  return absl::StrCat(Iso(look, time), " run ", contract::ShortId(run.id()), " ",
                      absl::AsciiStrToLower(state), "\n");
}

}  // namespace resetctl::client

#include "client/output/run_lines.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "client/output/exit_codes.h"
#include "client/output/problems.h"
#include "client/output/sanitize.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

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
  if (!event.detail().empty()) return event.detail();
  const std::string unit = event.unit().empty() ? "" : absl::StrCat(" ", event.unit());
  if (event.total() > 0 && event.done() != event.total()) {
    return absl::StrCat(Count(event.done()), " of ", Count(event.total()), unit);
  }
  if (event.done() > 0 || event.total() > 0) return absl::StrCat(Count(event.done()), unit);
  return "";
}

std::string EventLines::Of(const Look& look, const v1::RunEvent& raw) {
  const v1::RunEvent event = Cleaned(raw);
  const absl::Time time = TimeOf(event.time());
  if (event.kind() == v1::EVENT_KIND_PROGRESS) {
    if (event.step() == progress_step_ && time - progress_time_ < absl::Seconds(1)) return "";
    progress_step_ = event.step();
    progress_time_ = time;
  }
  std::string out = absl::StrCat(Iso(look, time), " ", StepLabel(event.step()));
  if (!event.name().empty()) absl::StrAppend(&out, " ", Quoted(event.name()));
  absl::StrAppend(&out, " ", KindWord(event.kind()));
  if (event.done() > 0 || event.total() > 0) {
    const std::string unit = event.unit().empty() ? "done" : event.unit();
    absl::StrAppend(&out, " ", unit, "=", event.done());
    if (event.total() > 0 && event.total() != event.done()) {
      absl::StrAppend(&out, "/", event.total());
    }
  }
  if (event.has_took()) {
    absl::StrAppend(
        &out, " took=", absl::StrFormat("%.1fs", absl::ToDoubleSeconds(DurationOf(event.took()))));
  }
  if (event.has_problem() && event.problem().reason() != v1::REASON_UNSPECIFIED) {
    absl::StrAppend(&out, " reason=", contract::NameOf(event.problem().reason()));
    const std::string place = PlaceOf(event.problem());
    if (!place.empty()) absl::StrAppend(&out, " at=", Quoted(place));
    absl::StrAppend(&out, " message=", Quoted(event.problem().message()));
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

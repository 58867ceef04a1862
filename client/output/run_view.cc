#include "client/output/run_view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/output/exit_codes.h"
#include "client/output/run_lines.h"
#include "client/output/sanitize.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

constexpr const char* kSpinner[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr int kLabelWidth = 9;
constexpr int kBarWidth = 15;
constexpr int kMinWidth = 20;

bool Ended(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_SUCCEEDED || kind == v1::EVENT_KIND_FAILED ||
         kind == v1::EVENT_KIND_SKIPPED;
}

}  // namespace

std::string Bar(int64_t done, int64_t total, int width) {
  if (total <= 0) return "";
  const int64_t filled = std::clamp<int64_t>(done * width / total, 0, width);
  std::string out;
  for (int i = 0; i < width; ++i) out += i < filled ? "█" : "░";
  return out;
}

std::string Redraw(int shown, const std::vector<std::string>& lines) {
  std::string out;
  if (shown > 0) absl::StrAppend(&out, "\x1b[", shown, "A");
  for (const std::string& line : lines) absl::StrAppend(&out, "\r\x1b[2K", line, "\n");
  // Fewer lines than before: what is left below goes.
  if (static_cast<int>(lines.size()) < shown) absl::StrAppend(&out, "\x1b[J");
  return out;
}

RunView::RunView(bool cache, bool after) {
  for (const v1::StepKind kind :
       {v1::STEP_KIND_VERIFY, v1::STEP_KIND_LOCK, v1::STEP_KIND_RECHECK, v1::STEP_KIND_CLEAR,
        v1::STEP_KIND_RECREATE, v1::STEP_KIND_CHECK, v1::STEP_KIND_COMMIT}) {
    steps_.push_back({.kind = kind});
  }
  if (cache) steps_.push_back({.kind = v1::STEP_KIND_CACHE});
  if (after) steps_.push_back({.kind = v1::STEP_KIND_AFTER});
}

RunView::Step& RunView::Of(v1::StepKind kind) {
  for (Step& step : steps_) {
    if (step.kind == kind) return step;
  }
  // Kinds are numbered in the order in which they happen.
  const auto place = std::find_if(steps_.begin(), steps_.end(),
                                  [&](const Step& step) { return step.kind > kind; });
  return *steps_.insert(place, {.kind = kind});
}

void RunView::Apply(const v1::RunEvent& raw) {
  const v1::RunEvent event = Cleaned(raw);
  note_.clear();
  Step& step = Of(event.step());
  const absl::Time time = TimeOf(event.time());
  if (event.kind() == v1::EVENT_KIND_WARNING) {
    step.warnings.push_back(event.has_problem() ? event.problem().message() : event.detail());
    return;
  }
  if (event.name().empty()) {
    // A resumed run starts a step again.
    if (event.kind() == v1::EVENT_KIND_STARTED) step = {.kind = event.step(), .start = time};
    const std::string part_failed = step.state == v1::EVENT_KIND_FAILED ? step.text : "";
    step.state = event.kind();
    if (event.unit() == "steps" || event.unit() == "checks") {
      step.parts_total = event.total();
    } else {
      step.done = event.done();
      step.total = event.total();
      step.unit = event.unit();
    }
    if (event.has_took()) step.took = DurationOf(event.took());
    // Which table is being emptied, who holds a lock: said while it goes on.
    if (event.kind() == v1::EVENT_KIND_PROGRESS && !event.detail().empty()) {
      step.part = event.detail();
    }
    if (Ended(event.kind())) {
      step.part.clear();
      step.text = event.has_problem() && !event.problem().message().empty()
                      ? event.problem().message()
                      : WhatItDid(event);
      // Which part it was says more than the same sentence without.
      if (event.kind() == v1::EVENT_KIND_FAILED && !part_failed.empty()) step.text = part_failed;
    }
    return;
  }
  if (step.state == v1::EVENT_KIND_UNSPECIFIED) {
    step.state = v1::EVENT_KIND_STARTED;
    step.start = time;
  }
  if (Ended(event.kind())) {
    ++step.parts_done;
    step.part.clear();
    step.done = step.total = 0;
    if (event.has_took()) step.parts_took += DurationOf(event.took());
    if (event.kind() == v1::EVENT_KIND_FAILED) {
      step.state = v1::EVENT_KIND_FAILED;
      step.text = absl::StrCat(event.name(), ": ",
                               event.has_problem() ? event.problem().message() : event.detail());
    } else if (event.step() == v1::STEP_KIND_AFTER || event.step() == v1::STEP_KIND_BEFORE) {
      const bool skipped = event.kind() == v1::EVENT_KIND_SKIPPED;
      absl::StrAppend(&step.text, step.text.empty() ? "" : " · ", event.name(),
                      skipped ? " (skipped)" : "");
    }
    return;
  }
  step.part = event.name();
  step.done = event.done();
  step.total = event.total();
  step.unit = event.unit();
}

void RunView::Apply(const v1::Run& run) {
  run_ = Cleaned(run);
  note_.clear();
  if (!EndStateOf(run_.state()).ended) return;
  // Nothing is under way any more. Steps that are told by their parts alone, as hooks are, end here.
  for (Step& step : steps_) {
    if (step.state != v1::EVENT_KIND_STARTED && step.state != v1::EVENT_KIND_PROGRESS) continue;
    const bool whole = step.parts_done > 0 && step.part.empty() && step.parts_total == 0;
    const bool done = whole || run_.state() == v1::RUN_STATE_SUCCEEDED;
    step.state = done ? v1::EVENT_KIND_SUCCEEDED : v1::EVENT_KIND_FAILED;
    step.took = step.parts_took;
    if (!done && step.text.empty()) step.text = "stopped";
  }
}

std::string RunView::Heading(const Look& look) const {
  const std::string left = absl::StrCat("Run ", contract::ShortId(run_.id()), "  ",
                                        run_.environment(), " / ", run_.target());
  std::string right;
  if (!note_.empty()) {
    right = note_;
  } else if (run_.state() == v1::RUN_STATE_HELD) {
    const absl::Duration left_time =
        run_.has_hold_until() ? TimeOf(run_.hold_until()) - look.now : absl::ZeroDuration();
    const int64_t seconds =
        std::max<int64_t>(0, absl::ToInt64Seconds(absl::Ceil(left_time, absl::Seconds(1))));
    right = absl::StrCat("starts in ", seconds, " s   Ctrl+C cancels");
  } else if (run_.state() == v1::RUN_STATE_OFFERED) {
    right = "waiting for the agent";
  } else if (run_.state() == v1::RUN_STATE_UNKNOWN) {
    right = "outcome not known yet";
  } else if (run_.cancel_requested() && run_.state() == v1::RUN_STATE_RUNNING) {
    right = "cancel requested";
  } else if (!EndStateOf(run_.state()).ended) {
    right = "Ctrl+C leaves it running";
  }
  const int width = std::max(look.width, kMinWidth);
  // What happens now matters more than the names.
  if (Width(left) + 2 + Width(right) > width && !right.empty()) {
    const int room = width - Width(right) - 2;
    const std::string id = absl::StrCat("Run ", contract::ShortId(run_.id()));
    if (room >= 14 && room < 22) return absl::StrCat(Pad(Cut(id, room), room), "  ", right);
    if (room >= 22) return absl::StrCat(Pad(Cut(left, room), room), "  ", right);
    return Cut(right, width);
  }
  return Spread(left, right, width);
}

std::string RunView::Line(const Look& look, const Step& step, int frame) const {
  const int width = std::max(look.width, kMinWidth);
  std::string mark = " ";
  Tone tone = Tone::kPlain;
  std::string text = step.text;
  std::string right;
  switch (step.state) {
    case v1::EVENT_KIND_SUCCEEDED:
      mark = step.warnings.empty() ? "✓" : "!";
      tone = step.warnings.empty() ? Tone::kGood : Tone::kWarn;
      break;
    case v1::EVENT_KIND_FAILED:
      mark = "✗";
      tone = Tone::kBad;
      break;
    case v1::EVENT_KIND_SKIPPED:
      mark = "-";
      tone = Tone::kDim;
      text = text.empty() ? "skipped" : absl::StrCat("skipped: ", text);
      break;
    case v1::EVENT_KIND_UNSPECIFIED:
      break;
    default: {
      mark = kSpinner[static_cast<size_t>(frame) % std::size(kSpinner)];
      tone = Tone::kBold;
      std::vector<std::string> parts;
      if (step.parts_total > 0) {
        parts.push_back(absl::StrCat(std::min<int64_t>(step.parts_done + 1, step.parts_total),
                                     " of ", step.parts_total));
      }
      if (!step.part.empty()) parts.push_back(step.part);
      text = parts.empty() ? "" : Listed(parts, "  ");
      if (step.total > 0) {
        right = absl::StrCat(Count(step.done), " of ", Count(step.total), " ", step.unit);
        const int bar_room =
            width - 3 - kLabelWidth - Width(text) - 2 - Width(right) - 2 - kBarWidth;
        if (bar_room >= 0) {
          right = absl::StrCat(Bar(step.done, step.total, kBarWidth), "  ", right);
        }
      } else if (step.done > 0) {
        right = absl::StrCat(Count(step.done), " ", step.unit);
      } else if (step.start != absl::InfinitePast() && look.now - step.start > absl::Seconds(1)) {
        right = Human(look.now - step.start);
      }
    }
  }
  if (Ended(step.state) && step.took > absl::ZeroDuration()) right = Human(step.took);
  if (!step.warnings.empty() && Ended(step.state)) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", step.warnings.back());
  }
  const std::string label = Pad(StepLabel(step.kind), kLabelWidth);
  const int room = width - 3 - kLabelWidth - 1;
  const int text_room = std::max(0, room - (right.empty() ? 0 : Width(right) + 2));
  const std::string body = text_room < 6 && !right.empty()
                               ? Cut(right, room)
                               : Spread(Cut(text, text_room), right, room);
  std::string line = absl::StrCat(" ", Paint(look, tone, mark), " ", label, " ", body);
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::vector<std::string> RunView::Lines(const Look& look, int frame) const {
  std::vector<std::string> lines = {Heading(look)};
  for (const Step& step : steps_) lines.push_back(Line(look, step, frame));
  return lines;
}

}  // namespace resetctl::client

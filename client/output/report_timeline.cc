#include "client/output/report_timeline.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/output/exit_codes.h"
#include "client/output/report_parts.h"
#include "client/output/run_lines.h"
#include "client/output/times.h"
#include "proto/contract/digest.h"

namespace resetctl::client {
namespace {

StepSpan* Find(Attempt& attempt, const v1::RunEvent& event) {
  for (auto span = attempt.rbegin(); span != attempt.rend(); ++span) {
    if (span->step == event.step() && span->name == event.name()) return &*span;
  }
  return nullptr;
}

bool HasEnded(const StepSpan& span) { return span.end != v1::EVENT_KIND_UNSPECIFIED; }

StepSpan Begun(const v1::RunEvent& event, absl::Time from) {
  return {.step = event.step(),
          .name = event.name(),
          .end = v1::EVENT_KIND_UNSPECIFIED,
          .from = from,
          .to = TimeOf(event.time()),
          .last = event};
}

absl::Time EndOf(const Attempt& attempt) {
  absl::Time end = absl::InfinitePast();
  for (const StepSpan& span : attempt) end = std::max(end, span.to);
  return end;
}

std::string LabelOf(const StepSpan& span, bool part) {
  if (part) return span.name;
  return span.name.empty() ? StepLabel(span.step)
                           : absl::StrCat(StepLabel(span.step), " · ", span.name);
}

// Hooks have no step around them.
bool IsPart(const StepSpan& span, const Attempt& attempt) {
  return !span.name.empty() &&
         std::any_of(attempt.begin(), attempt.end(), [&span](const StepSpan& other) {
           return other.step == span.step && other.name.empty();
         });
}

void Step(Html& page, const StepSpan& span, const Attempt& attempt, absl::Duration whole) {
  const absl::Time from = attempt.front().from;
  const bool part = IsPart(span, attempt);
  const auto item = page.In("li", {{"class", part ? "step part" : "step"}});
  page.Leaf("span", LabelOf(span, part), {{"class", "label"}});
  {
    const auto took = page.In("span", {{"class", "took"}});
    if (span.end != v1::EVENT_KIND_SUCCEEDED) Mark(page, span.end);
    // Of what is told when it is over, how long it took is not always known.
    if (span.to > span.from) page.Text(absl::StrCat(" ", Human(span.to - span.from)));
  }
  const char* kind = span.end == v1::EVENT_KIND_FAILED      ? "failed"
                     : span.end == v1::EVENT_KIND_SUCCEEDED ? "worked"
                                                            : "other";
  Bar(page, absl::FDivDuration(span.from - from, whole), absl::FDivDuration(span.to - from, whole),
      kind);
  const std::string what = WhatItDid(span.last);
  if (!what.empty()) page.Leaf("span", what, {{"class", "what"}});
}

void Draw(Html& page, const Look& look, const Attempt& attempt, bool again) {
  const absl::Time from = attempt.front().from;
  const absl::Duration whole = std::max(EndOf(attempt) - from, absl::Milliseconds(1));
  {
    const auto line = page.In("p");
    page.Text(again ? "Resumed " : "From ");
    Moment(page, look, from);
    page.Text(absl::StrCat(", ", Human(whole), " from left to right."));
  }
  const auto list = page.In("ol", {{"class", "steps"}});
  for (const StepSpan& span : attempt) Step(page, span, attempt, whole);
}

}  // namespace

std::vector<Attempt> AttemptsOf(const std::vector<v1::RunEvent>& events) {
  std::vector<Attempt> attempts;
  for (const v1::RunEvent& event : events) {
    if (attempts.empty()) attempts.emplace_back();
    const absl::Time time = TimeOf(event.time());
    StepSpan* span = Find(attempts.back(), event);
    if (event.kind() == v1::EVENT_KIND_STARTED) {
      if (span != nullptr && HasEnded(*span)) attempts.emplace_back();
      if (span == nullptr || HasEnded(*span)) attempts.back().push_back(Begun(event, time));
      continue;
    }
    if (span == nullptr || HasEnded(*span)) {
      // Some steps are told when they are over.
      attempts.back().push_back(Begun(event, time - DurationOf(event.took())));
      span = &attempts.back().back();
    }
    span->to = time;
    span->last = event;
    if (event.kind() != v1::EVENT_KIND_PROGRESS) span->end = event.kind();
  }
  for (Attempt& attempt : attempts) {
    const absl::Time end = EndOf(attempt);
    for (StepSpan& span : attempt) {
      if (!HasEnded(span)) span.to = end;
    }
    std::stable_sort(attempt.begin(), attempt.end(),
                     [](const StepSpan& a, const StepSpan& b) { return a.from < b.from; });
  }
  return attempts;
}

void TimelineSection(Html& page, const Look& look, const ReportFacts& facts) {
  const auto section =
      page.In("section", {{"id", "timeline"}, {"aria-labelledby", "timeline-title"}});
  page.Leaf("h2", "What happened, step by step", {{"id", "timeline-title"}});
  const std::vector<Attempt> attempts = AttemptsOf(facts.events);
  if (attempts.empty()) {
    return page.Leaf(
        "p", EndStateOf(facts.run.state()).ended ? "No step was begun." : "No step was begun yet.");
  }
  for (size_t i = 0; i < attempts.size(); ++i) Draw(page, look, attempts[i], i > 0);
  if (facts.run.state() == v1::RUN_STATE_ROLLED_BACK ||
      facts.run.state() == v1::RUN_STATE_CANCELLED) {
    page.Leaf("p",
              "Whatever the steps say that they did to the database was undone with the "
              "transaction.");
  }
  page.Leaf("p",
            absl::StrCat("Each step is an entry of the audit log too:  resetctl audit list --run ",
                         contract::ShortId(facts.run.id()), " --events"),
            {{"class", "dim"}});
}

}  // namespace resetctl::client

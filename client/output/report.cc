#include "client/output/report.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "client/output/exit_codes.h"
#include "client/output/problems.h"
#include "client/output/report_css.h"
#include "client/output/report_parts.h"
#include "client/output/run_lines.h"
#include "client/output/run_result.h"
#include "client/output/run_summary.h"
#include "client/output/times.h"
#include "proto/base/text.h"
#include "proto/contract/digest.h"
#include "proto/contract/reasons.h"

namespace resetctl::client {
namespace {

const char* ToneOf(v1::RunState state) {
  switch (state) {
    case v1::RUN_STATE_SUCCEEDED:
      return "state good";
    case v1::RUN_STATE_REFUSED:
    case v1::RUN_STATE_ROLLED_BACK:
    case v1::RUN_STATE_NEEDS_ATTENTION:
      return "state bad";
    default:
      return "state warn";
  }
}

// One sentence that is true of this state and of no other.
std::string Verdict(const ReportFacts& facts) {
  const v1::Run& run = facts.run;
  const bool lost = run.problem().reason() == v1::REASON_COMMIT_LOST;
  const bool warned = run.result().warnings_size() > 0;
  switch (run.state()) {
    case v1::RUN_STATE_SUCCEEDED:
      return warned ? "The reset is committed, and every step after it is done; there are warnings."
                    : "The reset is committed, and every step after it is done.";
    case v1::RUN_STATE_NEEDS_ATTENTION:
      return lost ? "The reset was committed, or about to be, and the database has lost it since."
                  : "The reset is committed. A step after the commit failed and is still to be "
                    "done.";
    case v1::RUN_STATE_REFUSED:
      return "The agent refused the run before it touched anything: nothing was changed.";
    case v1::RUN_STATE_ROLLED_BACK:
      return warned ? "The transaction was rolled back: nothing in the database was changed. Steps "
                      "outside of it were begun; see the warnings."
                    : "The transaction was rolled back: nothing was changed.";
    case v1::RUN_STATE_CANCELLED:
      return warned
                 ? "The run was cancelled: nothing in the database was changed. Steps outside of "
                   "it were begun; see the warnings."
                 : "The run was cancelled: nothing was changed.";
    case v1::RUN_STATE_HELD:
      return "When this report was made the run had not begun: it was held, and could be "
             "cancelled.";
    case v1::RUN_STATE_OFFERED:
      return "When this report was made the run had not begun: its agent had not answered yet.";
    case v1::RUN_STATE_RUNNING:
      return "When this report was made the run was still running: nothing was committed yet.";
    case v1::RUN_STATE_COMMITTED:
      return "When this report was made the reset was committed, and later steps were still "
             "running.";
    case v1::RUN_STATE_UNKNOWN:
      return "When this report was made it was not known whether the reset had been committed.";
    default:
      return "The controller does not say what state the run is in.";
  }
}

void Tile(Html& page, absl::string_view name, absl::string_view value, absl::string_view more) {
  const auto tile = page.In("div");
  page.Leaf("dt", name);
  page.Leaf("dd", value);
  if (!more.empty()) page.Leaf("dd", more, {{"class", "more"}});
}

// The numbers that people look for first.
void Tiles(Html& page, const v1::RunResult& result) {
  const auto tiles = page.In("dl", {{"class", "tiles"}});
  const bool tables = result.tables_cleared() > 0;
  Tile(page, "Rows cleared",
       absl::StrCat(EstimateMark(result.rows_estimated()), Count(result.rows_cleared())),
       tables ? absl::StrCat("in ", Counted(result.tables_cleared(), "table", "tables")) : "");
  Tile(page, "Rows recreated", Count(result.rows_recreated()),
       absl::StrCat("in ", Counted(result.recreated_size(), "step", "steps")));
  Tile(page, "Transaction", Human(DurationOf(result.took())), WaitedText(result));
  Tile(page, "Cache keys removed", result.cache_done() ? Count(result.cache_keys_removed()) : "–",
       result.cache_done() ? "" : "not touched");
}

void ProblemBox(Html& page, const ReportFacts& facts) {
  const v1::Problem& problem = facts.run.problem();
  if (problem.reason() == v1::REASON_UNSPECIFIED) return;
  std::optional<v1::RunEvent> failed;
  for (const v1::RunEvent& event : facts.events) failed = FailedPart(failed, event);
  const auto box = page.In("div", {{"class", "problem"}});
  std::string where;
  if (failed) {
    where = StepLabel(failed->step());
    if (!failed->name().empty()) absl::StrAppend(&where, " · ", failed->name());
  }
  const std::string place = PlaceOf(problem);
  if (!place.empty()) absl::StrAppend(&where, where.empty() ? "" : ", ", place);
  {
    const auto line = page.In("p");
    page.Leaf("code", contract::NameOf(problem.reason()));
    if (!where.empty()) page.Text(absl::StrCat(" at ", where));
  }
  page.Leaf("p", problem.message(), {{"class", "message"}});
  if (problem.objects_size() > 0) {
    const auto list = page.In("ul");
    for (const std::string& object : problem.objects()) page.Leaf("li", object);
  }
  if (!problem.advice().empty()) page.Leaf("p", problem.advice());
}

void WarningsBox(Html& page, const v1::RunResult& result) {
  if (result.warnings_size() == 0) return;
  const auto box = page.In("div", {{"class", "warnings"}});
  page.Leaf("h2", result.warnings_size() == 1 ? "Warning" : "Warnings");
  const auto list = page.In("ul");
  for (const v1::Problem& warning : result.warnings()) {
    const auto item = page.In("li");
    page.Text(warning.message());
    if (!warning.advice().empty()) page.Text(absl::StrCat(" ", warning.advice()));
  }
}

void TimeFact(Html& page, const Look& look, absl::string_view name, bool there,
              const google::protobuf::Timestamp& time) {
  if (!there) return;
  page.Leaf("dt", name);
  const auto value = page.In("dd");
  Moment(page, look, TimeOf(time));
}

void Header(Html& page, const Look& look, const ReportFacts& facts) {
  const v1::Run& run = facts.run;
  const EndState& state = EndStateOf(run.state());
  const auto header = page.In("header");
  page.Leaf("p", "Report of a reset", {{"class", "kicker"}});
  {
    const auto heading = page.In("h1");
    page.Leaf("span", state.title, {{"class", ToneOf(run.state())}});
    page.Text(absl::StrCat(" ", run.environment(), " / ", run.target()));
  }
  page.Leaf("p", Verdict(facts), {{"class", "verdict"}});
  if (IsCommitted(facts)) Tiles(page, run.result());
  ProblemBox(page, facts);
  WarningsBox(page, run.result());
  const auto ids = page.In("dl", {{"class", "facts"}});
  CodeFact(page, "Run", run.id());
  CodeFact(page, "Plan", run.plan_id());
  TimeFact(page, look, "Ordered", run.has_create_time(), run.create_time());
  TimeFact(page, look, "Offered to the agent", run.has_start_time(), run.start_time());
  TimeFact(page, look, "Ended", run.has_end_time(), run.end_time());
  page.Leaf("dt", "As of");
  {
    const auto value = page.In("dd");
    Moment(page, look, look.now);
    if (!state.ended) page.Text(", not ended");
  }
}

void Contents(Html& page) {
  static constexpr std::pair<const char*, const char*> kSections[] = {
      {"people", "Who"},        {"plan", "Plan"},       {"timeline", "Timeline"},
      {"rows", "Rows"},         {"outcome", "Outcome"}, {"evidence", "Evidence"},
      {"entries", "Audit log"}, {"proof", "Proof"}};
  const auto contents = page.In("nav", {{"aria-label", "Contents"}});
  const auto list = page.In("ul");
  for (const auto& [id, name] : kSections) {
    const auto item = page.In("li");
    page.LinkTo(id, name);
  }
}

void Footer(Html& page, const Look& look, const ReportFacts& facts) {
  const auto footer = page.In("footer");
  const auto line = page.In("p");
  page.Text(absl::StrCat("Made by resetctl ", facts.version, " for ", facts.person, " at "));
  Moment(page, look, look.now);
  page.Text(absl::StrCat(" from the controller at ", facts.controller,
                         ". This page holds no script and loads nothing."));
}

}  // namespace

std::string RenderReport(const Look& look, const ReportFacts& facts) {
  Html page;
  const std::string title = absl::StrCat(contract::ShortId(facts.run.id()), " ",
                                         absl::AsciiStrToLower(EndStateOf(facts.run.state()).title),
                                         ": ", facts.run.environment(), " / ", facts.run.target());
  {
    const auto html = page.In("html", {{"lang", "en"}});
    page.Head(title, css::kReport);
    const auto body = page.In("body");
    Header(page, look, facts);
    Contents(page);
    {
      const auto main = page.In("main");
      PeopleSection(page, look, facts);
      PlanSection(page, look, facts);
      TimelineSection(page, look, facts);
      RowsSection(page, facts);
      OutcomeSection(page, facts);
      EvidenceSection(page, facts);
      EntriesSection(page, look, facts);
      ProofSection(page, facts);
    }
    Footer(page, look, facts);
  }
  return absl::StrCat("<!DOCTYPE html>\n", page.text(), "\n");
}

// ---- what the sections share

bool IsCommitted(const ReportFacts& facts) {
  // Of a commit that was lost before it was reported nothing is known.
  return !facts.run.result().xid().empty() && (facts.run.state() == v1::RUN_STATE_COMMITTED ||
                                               facts.run.state() == v1::RUN_STATE_SUCCEEDED ||
                                               facts.run.state() == v1::RUN_STATE_NEEDS_ATTENTION);
}

const char* WhyNothing(const ReportFacts& facts) {
  switch (facts.run.state()) {
    case v1::RUN_STATE_REFUSED:
    case v1::RUN_STATE_ROLLED_BACK:
    case v1::RUN_STATE_CANCELLED:
      return "Nothing: the run committed nothing, and no row was changed.";
    case v1::RUN_STATE_HELD:
    case v1::RUN_STATE_OFFERED:
    case v1::RUN_STATE_RUNNING:
      return "Nothing yet: the run has not committed.";
    default:
      return "Not known: the agent has not reported what was committed.";
  }
}

void Moment(Html& page, const Look& look, absl::Time time) {
  page.Leaf("time", absl::FormatTime("%Y-%m-%d %H:%M:%S %Z", time, look.zone),
            {{"datetime", Iso(look, time)}});
}

void Fact(Html& page, absl::string_view name, absl::string_view value) {
  if (value.empty()) return;
  page.Leaf("dt", name);
  page.Leaf("dd", value);
}

void CodeFact(Html& page, absl::string_view name, absl::string_view value) {
  if (value.empty()) return;
  page.Leaf("dt", name);
  const auto cell = page.In("dd");
  page.Leaf("code", value);
}

void Bar(Html& page, double from, double to, const std::string& kind) {
  static constexpr double kLeast = 0.4;  // percent: what is there can be seen
  const double start = std::clamp(from * 100, 0.0, 100 - kLeast);
  const double width = std::clamp((to - from) * 100, kLeast, 100 - start);
  const auto drawing = page.In("svg", {{"class", "bar"},
                                       {"viewBox", "0 0 100 10"},
                                       {"preserveAspectRatio", "none"},
                                       {"aria-hidden", "true"}});
  page.Leaf("rect", "",
            {{"class", "track"}, {"x", "0"}, {"y", "0"}, {"width", "100"}, {"height", "10"}});
  page.Leaf("rect", "",
            {{"class", kind},
             {"x", absl::StrFormat("%.2f", start)},
             {"y", "0"},
             {"width", absl::StrFormat("%.2f", width)},
             {"height", "10"}});
}

void Mark(Html& page, Tone tone, absl::string_view word) {
  const auto [sign, kind] = tone == Tone::kGood  ? std::pair{"✓", "mark good"}
                            : tone == Tone::kBad ? std::pair{"✗", "mark bad"}
                            : tone == Tone::kDim ? std::pair{"–", "mark dim"}
                                                 : std::pair{"!", "mark warn"};
  const auto mark = page.In("span", {{"class", kind}});
  page.Leaf("span", sign, {{"aria-hidden", "true"}});
  page.Text(absl::StrCat(" ", word));
}

void Mark(Html& page, v1::EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_SUCCEEDED:
      return Mark(page, Tone::kGood, "done");
    case v1::EVENT_KIND_FAILED:
      return Mark(page, Tone::kBad, "failed");
    case v1::EVENT_KIND_SKIPPED:
      return Mark(page, Tone::kDim, "skipped");
    case v1::EVENT_KIND_WARNING:
      return Mark(page, Tone::kWarn, "warning");
    default:
      return Mark(page, Tone::kWarn, "not ended");
  }
}

std::string WhoDid(const v1::AuditEntry& entry) {
  absl::string_view who = entry.actor();
  if (absl::ConsumePrefix(&who, "person:")) return base::Str(who);
  if (absl::ConsumePrefix(&who, "agent:")) return absl::StrCat("agent ", who);
  return who == "system" ? "the controller" : base::Str(who);
}

}  // namespace resetctl::client
